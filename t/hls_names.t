#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The longest names: of streams, which become directories, and of sessions in
# URLs.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m;
             hls on; hls_path %%DIR%%/hls; hls_segment 500ms;
             hls_target_duration 1s; hls_part 250ms;
             application live { publish any; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

# a stream whose name is made of what is not in every file's name

my $name = '@+=~' x 32;
my $pub = publish($t->rtmp("live/$name"), gop => 15, audio => 0);
my $hls = Test::NginxLive::HLS->new($t, "live/$name");

$hls->multi;

wait_for(sub { $hls->list('v0')->{open}{msn} >= 3 }, 20, 'segments');

my $status = $t->json('/status')->{streams}[0]{hls};

is($status->{disk_errors}, 0, 'files of a long name');
is($status->{gaps}, 0, 'no gaps');
ok(-s $t->path("hls/live/$name/" . $hls->session . '/journal'),
    'the directory has its name');

my $r = $hls->get($hls->file('v0-1.m4s'));
is($r->{status}, 200, 'a segment');

$pub->kill;

# the same name without a stream: nobody makes an error of it

is($hls->get('abc/v0.m3u8')->{status}, 404, 'another session of the name');

# a session's name has up to 32 characters in a URL

my $session = 'abcdefgh' x 4;
my $text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nv0-0.m4s\n"
           . "#EXT-X-ENDLIST\n";

my $dir = $t->path('hls/live');

mkdir($_) or die "$_: $!\n" for "$dir/b", "$dir/b/$session";
spit("$dir/b/$session/v0.m3u8", $text);
spit("$dir/b/$session/v0-0.m4s", 'segment');

my $long = Test::NginxLive::HLS->new($t, 'live/b');

$r = $long->get("$session/v0.m3u8");
is($r->{status}, 200, 'a long session');
is($r->{body}, $text, 'its playlist');

# wherever in the request's memory its path comes to lie

my %found;

for my $n (0 .. 600) {
    $found{$long->get("$session/v0-0.m4s?" . 'x' x $n)->{body}}++;
}

is_deeply(\%found, { segment => 601 }, 'its segment');

unlike($t->log_text, qr/\[error\]/, 'no errors');

done_testing();

###############################################################################
