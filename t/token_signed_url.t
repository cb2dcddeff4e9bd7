#!/usr/bin/perl

# Copyright (C) nginx-live authors

# live_signed_url: who has the signature gets in, up to its time; a signature
# over the stream opens the playlists and the media of it.

###############################################################################

use warnings;
use strict;

use Test::More;
use Digest::SHA qw/ hmac_sha256 hmac_sha256_hex /;
use MIME::Base64 qw/ encode_base64url /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $http = 'server { listen 127.0.0.1:%%PORT_http%%;
     live_signed_url_secret %%DIR%%/new.key %%DIR%%/old.key;
     location /files/ {
         live_signed_url $arg_sig $arg_expires "$uri $remote_addr $arg_expires";
         alias %%DIR%%/files/;
     }
     location /hls/ {
         live_signed_url $arg_sig $arg_expires
                         "$live_app/$live_name $arg_expires";
         live_hls;
     }
     location /off/ { live_signed_url off; return 204; }
     location /status { live_status; } }';

my $t = Test::NginxLive->new(
    live => 'zone live 32m; application live {
             publish any; play any; hls on; hls_path %%DIR%%/hls;
             hls_segment 1s; hls_target_duration 1s; hls_part 200ms; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => $http
);

my ($new, $old) = ('n' x 32, 'o' x 16);

spit($t->path('new.key'), "$new\n");
spit($t->path('old.key'), $old);
mkdir($t->path('files'));
spit($t->path('files/a'), 'text');
$t->start;

my $later = time() + 600;

is(status(args('/files/a', $later)), 200, 'a signature in hexadecimal');
is(status(args('/files/a', $later, base64 => 1)), 200, 'and in base64url');
is(status(args('/files/a', $later, key => $old)), 200, 'by the older secret');

is(status(''), 403, 'none');
is(status(args('/files/a', time() - 5)), 403, 'over');
is(status(args('/files/b', $later)), 403, 'of another file');
is(status(args('/files/a', $later, key => 'x' x 32)), 403, 'another secret');
is(status(args('/files/a', $later) =~ s/expires=\d+/expires=9999999999/r), 403,
    'a time that was changed');
is(status(args('/files/a', $later) =~ s/expires=\d+//r), 403, 'without it');
is(status(args('/files/a', $later) =~ s/sig=\w/sig=g/r), 403, 'no digits');
is(status(args('/files/a', $later) =~ s/sig=(.{40}).*/sig=$1/r), 403,
    'cut short');
is($t->get('/off/')->{status}, 204, 'off');

like($t->log_text, qr/\[info\].*access forbidden by signed URL: \w/,
    'the reason is in the log');
unlike($t->get('/files/a')->{body}, qr/sign/i, 'and not told');

# a stream: the arguments are carried on

my $pub = publish($t->rtmp('live/a'), gop => 30);
my $query = args('live/a', $later, stream => 1);
my $index = wait_for(sub {
    my $r = $t->get("/hls/live/a/index.m3u8?$query");
    $r->{status} == 200 ? $r->{body} : undef;
}, 20, 'playlist');

my ($list) = $index =~ m{^(\w+/v0\.m3u8\S*)}m;
my $r = wait_for(sub {
    my $r = $t->get("/hls/live/a/$list");
    $r->{body} =~ /^v0-\d+\.m4s/m ? $r : undef;
}, 20, 'a segment');
my ($segment) = $r->{body} =~ /^(v0-\d+\.m4s\S*)/m;
my ($session) = $list =~ m{^(\w+)};

is($t->get("/hls/live/a/$session/$segment")->{status}, 200,
    'a segment as its playlist says');
is($t->get("/hls/live/a/$session/" . ($segment =~ s/\?.*//r))->{status}, 403,
    'not without');
is($t->get('/hls/live/a/index.m3u8?' . args('live/b', $later, stream => 1))
   ->{status}, 403, 'not by the signature of another stream');

$pub->stop;

# mistakes

for my $bad ([ 'live_signed_url $arg_sig $arg_expires "$uri"',
               'must contain the time' ],
             [ 'live_signed_url $arg_sig', 'needs a signature' ],
             [ 'live_signed_url $arg_a $arg_b $arg_b; '
               . 'live_signed_url_secret /nosuch', 'failed' ],
             [ 'live_signed_url $arg_a $arg_b $arg_b',
               'needs "live_signed_url_secret"' ])
{
    my $b = Test::NginxLive->new(live => 'zone live 32m;',
        http => "server { listen %%PORT_http%%; location / { $bad->[0]; } }");
    my $res = $b->test_conf;

    isnt($res->{rc}, 0, $bad->[0]);
    like($res->{err}, qr/\Q$bad->[1]\E/, 'and why');
}

done_testing();

###############################################################################

sub status { $t->get("/files/a?$_[0]")->{status} }


sub args {
    my ($what, $expires, %opt) = @_;

    my $text = $opt{stream} ? "$what $expires" : "$what 127.0.0.1 $expires";
    my @args = ($text, $opt{key} // $new);

    return "expires=$expires&sig=" . ($opt{base64}
        ? encode_base64url(hmac_sha256(@args)) : hmac_sha256_hex(@args));
}
