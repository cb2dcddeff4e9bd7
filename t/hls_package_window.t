#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A window of hours: thousands of segments are taken over from a journal, go
# on, leave the window from its front, and are all in the final playlist.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Compress::Zlib ();
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::MP4 qw/ journal /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 250ms; hls_window 1h;
             application live { publish any; reconnect 20s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /status { live_status; } }'
);

# 4000 segments of a second: 400 more than the window holds, of which W has
# left 100 behind, with 3 discontinuities; one more at segment 200

my $session = 'abcdef0123456789';
my $path = $t->path('hls');
my $dir = "$path/live/a/$session";

mkdir($_) or die "$_: $!\n"
    for $path, "$path/live", "$path/live/a", $dir;

my $start = int((time() - 4001) * 1000);
my ($map, $file) = ('0123456789abcdef', 'x' x 100);

my $text = line("H 1 $session live/a $start 2 250000")
    . line("T v0 video avc1.42c01f $map 320 180 1/30 0 0 -");

for my $msn (0 .. 3999) {
    $text .= line("S $msn " . $msn * 90000 . ' ' . ($start + $msn * 1000)
                  . ($msn == 200 ? ' D' : ' -') . " v0:90000:100:$map:I");
    $text .= line('W 100 3') if $msn == 3000;
    spit("$dir/v0-$msn.m4s", $file) if $msn >= 100;
}

spit("$dir/journal", $text);
system('chown', '-R', 'nobody', $path) if $> == 0;

$t->start;

my $pub = publish($t->rtmp('live/a'), gop => 30, audio => 0);

my $r = wait_for(sub {
    my $r = hls()->{renditions}[0] // {};
    ($r->{next} // 0) >= 4003 ? $r : undef;
}, 20, 'segments');

is(hls()->{session}, $session, 'the session goes on');

# a gap for what was open stands between; the window is an hour of listed time

my $first = $r->{first};

cmp_ok($first, '>=', 400, 'the window has moved');
cmp_ok($first, '<=', 400 + $r->{next} - 4000, 'not too far');
is($r->{discontinuities}, 4, 'discontinuities that have left it');

# files stay for 20 target durations more, those of before are deleted

wait_for(sub { !-e "$dir/v0-" . ($first - 50) . '.m4s' }, 10, 'deletion');
ok(!-e "$dir/v0-100.m4s", 'of the first');
ok(-e "$dir/v0-" . ($first - 20) . '.m4s', 'but not of those just gone');

$pub->stop;

my $m3u8 = wait_for(sub { slurp("$dir/v0.m3u8") || undef }, 40, 'the end');

my ($seq) = $m3u8 =~ /#EXT-X-MEDIA-SEQUENCE:(\d+)/;
my @uris = $m3u8 =~ /^v0-(\d+)\.m4s$/mg;

cmp_ok($seq, '>=', $first, 'media sequence');
is($uris[0], $seq, 'first segment');
ok(!(grep { $uris[$_] != $seq + $_ } 0 .. $#uris), 'all segments in order');
cmp_ok(scalar(@uris), '>=', 3600, 'an hour of them');
like($m3u8, qr/#EXT-X-DISCONTINUITY-SEQUENCE:4\n/, 'discontinuity sequence');
like($m3u8, qr/#EXT-X-ENDLIST\n$/, 'ENDLIST');

$t->stop;

done_testing();

###############################################################################

sub line {
    return sprintf("%s *%08x\n", $_[0], Compress::Zlib::crc32($_[0]));
}


sub hls { (($t->json('/status') // {})->{streams}[0] // {})->{hls} // {} }
