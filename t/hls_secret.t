#!/usr/bin/perl

# Copyright (C) nginx-live authors

# hls_secret: media URLs carry a secret of their segment, which is the same for
# everybody and opens that segment only; playlists do not open by it.  Live, by
# workers of before and after a reload, with a new key, and when the session is
# over: the URLs stay those that they were.

###############################################################################

use warnings;
use strict;

use Test::More;
use Digest::SHA qw/ hmac_sha256 /;
use MIME::Base64 qw/ encode_base64url /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls live_test /);
Test::NginxLive->need_program(qw/ ffmpeg /);

# the rule "test" wants key=secret: a token, for this test

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 1s; play test;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 200ms; hls_window 20s;
             application live { hls_secret on; }
             application plain { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);
my $other = publish($t->rtmp('plain/a'), gop => 30);

my $file = $t->path('hls/.secret');
my $key = slurp($file);

is(length $key, 32, 'a key was made');
is((stat $file)[2] & 0777, 0600, 'for the user alone');

# the playlists want the rule's argument

wait_for(sub { status('index.m3u8?key=secret') == 200 }, 20, 'playlist');
is(status('index.m3u8'), 403, 'no playlist without a token');

my $multi = body('index.m3u8?key=secret');
my ($session) = $multi =~ m{^(\w+)/v0\.m3u8\?key=secret$}m;
ok($session, 'its children carry the token on');
is(status("$session/v0.m3u8"), 403, 'no media playlist without one');

my $text;
wait_for(sub {
    $text = body("$session/v0.m3u8?key=secret");
    $text =~ /^v0-\d+\.m4s/m;
}, 10, 'a complete segment');

unlike($text, qr/\.(?:m4s|mp4)[^?]*"?$/m, 'no media without a secret');
unlike($text, qr/\.(?:m4s|mp4)\S*key=/, 'nor with the token');
like($text, qr/^#EXT-X-RENDITION-REPORT:URI="a1\.m3u8\?key=secret"/m,
    'the other rendition with the token');

my @uris = $text =~ /((?:v0|a1)-\S+?\.(?:m4s|mp4)\?s=[\w-]+)/g;
my ($init) = grep { /init/ } @uris;
my ($segment) = grep { /^v0-\d+\.m4s/ } @uris;
my ($part) = grep { /^v0-\d+\.\d+\.m4s/ } @uris;

for my $uri ($init, $segment, $part) {
    my $r = $t->get("/hls/live/a/$session/$uri");

    is($r->{status}, 200, "$uri is open");
    is($r->{headers}{'cache-control'}, 'max-age=31536000, immutable',
        'for every cache');

    my ($name, $secret) = $uri =~ /^(.*)\?s=(.*)$/;
    my $id = $name =~ /init-(\w+)/ ? 'i' . unpack('Q>', pack('H16', $1))
                                   : $name =~ /-(\d+)/ && "-$1";

    is($secret, encode_base64url(substr(hmac_sha256("$session$id", $key),
        0, 12)), 'by its secret');

    is(status("$session/$name"), 403, 'closed without');
    is(status("$session/$name?s="), 403, 'with an empty one');
    is(status("$session/$name?s=" . reverse($secret)), 403, 'a wrong one');
    is(status("$session/$name?s=$secret&s=$secret"), 403, 'or two');
    is(status("$session/$name?key=secret"), 200, 'open by the token');
}

# a segment's secret opens its parts in all renditions, and nothing else

my ($msn, $secret) = $segment =~ /-(\d+)\.m4s\?s=(.*)/;

is(status("$session/a1-$msn.m4s?s=$secret"), 200, 'of the same time');
is(status("$session/v0-" . ($msn + 1) . ".m4s?s=$secret"), 403,
    'not the next segment');
is(status("$session/v0.m3u8?s=$secret"), 403, 'no playlist');
is(status("index.m3u8?s=$secret"), 403, 'nor the first one');
like(($t->log_lines(qr/play of "live\/a" refused/))[0] // '', qr/\[info\]/,
    'a refusal is said in the log');

# without hls_secret nothing of it

my $none = $t->get('/hls/plain/a/index.m3u8?key=secret')->{body};
my ($ps) = $none =~ m{^(\w+)/v0}m;
$none = $t->get("/hls/plain/a/$ps/v0.m3u8?key=secret")->{body};
like($none, qr/^v0-\d+\.m4s\?key=secret$/m, 'arguments are carried on');
unlike($none, qr/[?&]s=/, 'and no secret is');
is($t->get("/hls/plain/a/$ps/v0-$msn.m4s?s=$secret")->{status}, 403,
    'which opens nothing');

# other workers have the same key

$t->reload;
is(status("$session/$segment"), 200, 'open after a reload');
like(body("$session/v0.m3u8?key=secret"), qr/\Q$segment\E/,
    'and the playlist says the same');
is(slurp($file), $key, 'the key stays');

# a new key, for segments that are born from now on

rename($file, "$file.old") or die "$file: $!\n";
$t->reload;

my $new = slurp($file);
my ($last) = sort { $b <=> $a }
    body("$session/v0.m3u8?key=secret") =~ /^v0-(\d+)\.m4s/mg;

isnt($new, $key, 'another key is made');
is(status("$session/$_"), 200, 'what was born before stays open')
    for $segment, $part, $init;
ok(grep({ $_ eq $segment } media("$session/v0.m3u8")), 'its URL, too');

my @mixed = wait_for(sub {
    my @uris = media("$session/v0.m3u8");
    return (grep { /-(\d+)\.m4s/ && $1 > $last + 1 } @uris) ? \@uris : undef;
}, 20, 'a segment of the new key')->@*;

my @by = map { /^v0-(\d+)\.m4s\?s=(.*)/
    ? ($2 eq secret("-$1", $key) ? 'old' : $2 eq secret("-$1", $new) ? 'new'
        : 'wrong') : () } @mixed;

like("@by", qr/^(?:old )+new(?: new)*$/, 'each segment has one of its time');
like((grep { /init/ } @mixed)[0], qr/=\Q${\secret('i' . init_id($init), $new)}/,
    'init sections have one of the new key');
is(status("$session/$_"), 200, "$_ is open") for @mixed[0, -1];

# a session that is over

$pub->stop;
wait_for(sub { !grep { $_->{name} eq 'live/a' || $_->{stream} // '' eq 'live/a'
    } @{$t->json('/status')->{streams}} }, 20, 'the end');

my $over = wait_for(sub {
    my $r = $t->get("/hls/live/a/$session/v0.m3u8?key=secret");

    # that of the stream itself, which answers until then, has parts

    $r->{status} == 200 && $r->{body} =~ /ENDLIST/
        && $r->{body} !~ /EXT-X-PART:/ ? $r->{body} : undef;
}, 10, 'a stored playlist');

is(status("$session/v0.m3u8"), 403, 'closed without a token');
is(status("$session/$segment"), 200, 'open as before');
is(status("$session/v0-$msn.m4s"), 403, 'and closed without the secret');

my %over = map { $_ => 1 } media("$session/v0.m3u8");
my @lost = grep { !$over{$_} } grep { !/\.\d+\.m4s/ } @mixed;

is("@lost", '', 'the same URLs');
unlike($over, qr/\.(?:m4s|mp4)(?!\?s=[\w-]{16}"?$)/m, 'none without a secret');
is(status("$session/$_"), 200, "$_ is open") for sort keys %over;

# ... of which nothing is left when the window has passed twice

utime(time() - 60, time() - 60, $file);
$t->reload;

is(status("$session/$segment"), 403, 'the former key is none any more');
is(status("$session/$_"), 200, 'the new one is')
    for media("$session/v0.m3u8");

# keys are what they have to be

spit("$file.old", 'short');
kill('HUP', $t->pid);
$t->expect_log(qr/no key of 32 bytes in "\S+\.old"/);
$t->wait_log(qr/no key of 32 bytes in "\S+\.old"/);
is(status("$session/$_"), 200, 'a broken file changes nothing')
    for (media("$session/v0.m3u8"))[0];

unlink("$file.old");
$t->reload;
is(status("$session/$_"), 200, 'and nginx goes on to be reloaded')
    for (media("$session/v0.m3u8"))[0];

$other->stop;

done_testing();

###############################################################################

sub status { $t->get("/hls/live/a/$_[0]")->{status} }

sub body { $t->get("/hls/live/a/$_[0]")->{body} }

# of the video's media, but for gaps

sub media {
    my $text = body("$_[0]?key=secret");

    $text =~ s/^#EXT-X-GAP\n#EXTINF.*\n.*\n//mg;
    return $text =~ /(v0-\S+?\.(?:m4s|mp4)\?s=[\w-]+)/g;
}


sub secret {
    my ($id, $key) = @_;
    encode_base64url(substr(hmac_sha256("$session$id", $key), 0, 12));
}

sub init_id { unpack('Q>', pack('H16', $_[0] =~ /init-(\w+)/)) }
