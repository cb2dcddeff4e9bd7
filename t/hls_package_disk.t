#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A disk that is full makes gaps, an error in the log and a count, and nothing
# else; when there is room again the parts are whole again.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::MP4 qw/ fragments journal /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe mount /);

my $disk = temp_dir();

plan(skip_all => 'may not mount')
    if system("mount -t tmpfs -o size=4m,mode=0777 tmpfs $disk 2> /dev/null");

END { system('umount', '-l', $disk) if $disk && -e "$disk/filler" }

spit("$disk/filler", 'x');

my $t = Test::NginxLive->new(
    live => "zone live 64m;
             hls on; hls_path $disk/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 250ms; hls_window 60s;
             application live { publish any; reconnect 1s; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);

wait_for(sub { edge() >= 3 }, 20, 'segments');

my $dir = "$disk/hls/live/a/" . hls()->{session};
is(hls()->{gaps}, 0, 'no gaps');

# the disk fills up

open(my $fh, '>', "$disk/filler") or die;
1 while syswrite($fh, 'x' x 65536);
1 while syswrite($fh, 'x' x 512);
close($fh);

my $full = edge();

wait_for(sub { hls()->{gaps} >= 8 }, 20, 'gaps');
wait_for(sub { edge() >= $full + 4 }, 20, 'segments nevertheless');

cmp_ok(hls()->{disk_errors}, '>=', 1, 'counted');

my $said = () = $t->log_text =~ /could not write .*No space left/g;
is($said, 1, 'said once');

# the other doors

my $play = play($t->rtmp('live/a'), duration => 2, out => $t->path('a.flv'));
wait_for(sub { !$play->alive }, 20, 'a player');
ok(decodes($t->path('a.flv')), 'RTMP is not affected');

# room again

spit("$disk/filler", 'x');

my $room = edge();

wait_for(sub { edge() >= $room + 4 }, 20, 'segments');

my $whole = wait_for(sub {
    my @s = @{journal(slurp("$dir/journal"))->{segments}{v0}};
    my ($s) = grep { $_->{msn} > $room && $_->{flags} !~ /G/ } @s;
    return $s;
}, 15, 'a whole segment');

is(length(slurp("$dir/v0-$whole->{msn}.m4s")), $whole->{bytes},
    'of the right length');

my $j = journal(slurp("$dir/journal"));
ok(!(grep { $_->{flags} =~ /G/ } grep { $_->{msn} < 3 }
     @{$j->{segments}{v0}}), 'what was before is no gap');

my $tracks = join('', map { slurp($_) } glob("$dir/v0-init-*.mp4"));
my $file = spit($t->path('v0.mp4'),
                $tracks . slurp("$dir/v0-$whole->{msn}.m4s"));
ok(decodes($file), 'it decodes');

$pub->stop;
$t->stop;

done_testing();

###############################################################################

sub hls { (($t->json('/status') // {})->{streams}[0] // {})->{hls} // {} }


sub edge {
    my $r = hls()->{renditions} // [];

    return 0 unless @$r;
    return (sort { $a <=> $b } map { $_->{next} } @$r)[0];
}
