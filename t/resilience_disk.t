#!/usr/bin/perl

# Copyright (C) nginx-live authors

# hls_path is full: parts become gaps at the pace of the stream, which is said
# once and counted, and nobody else notices.  With room again parts are whole,
# and what the journal has missed is in it before the next restart.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Load;
use Test::NginxLive::Viewer qw/ lists_wrong flv_frames discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg mount /);

my $disk = temp_dir();

plan(skip_all => 'may not mount')
    if system("mount -t tmpfs -o size=2m,mode=0777 tmpfs $disk 2> /dev/null");

END { system('umount', '-l', $disk) if $disk && -e "$disk/filler" }

spit("$disk/filler", '');

my $t = Test::NginxLive->new(
    live => "zone live 64m;
             application live {
                 publish any; reconnect 20s;
                 hls on; hls_path $disk/hls; hls_segment 1s;
                 hls_target_duration 2s; hls_part 200ms; hls_window 20s;
             }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $file = $t->path('sent.flv');
my $pub = publish('[f=flv:flvflags=no_duration_filesize]' . $t->rtmp('live/a')
    . "|[f=flv:flvflags=no_duration_filesize]$file", format => 'tee', gop => 15,
    args => [ qw/ -map 0:v -map 1:a -flags +global_header / ]);

wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = stream()->{session};

my $load = Test::NginxLive::Load->new;
my %players = map { $_ => Test::NginxLive::Viewer->$_($t, 'live/a') }
    qw/ rtmp flv /;
my %hls = map { $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_) }
    qw/ v0 a1 /;

wait_for(sub { my $pl = $hls{v0}->list; $pl && $pl->{next} >= 2 }, 10,
    'segments');

is(stream()->{hls}{gaps}, 0, 'no gaps');

# the disk is full

fill();

my $full = $hls{v0}->list->{next};

for my $track (sort keys %hls) {
    wait_for(sub { grep { $_->{gap} && $_->{msn} > $full + 2 }
                   @{$hls{$track}->list->{segments}} }, 20, "gaps of $track");
}

my $s = stream();

cmp_ok($s->{hls}{gaps}, '>=', 5, 'gaps are counted');
cmp_ok($s->{hls}{disk_errors}, '>=', 5, 'so are errors');
is(scalar($t->log_lines(qr/\[error\]/)), 1, 'it is said once')
    or diag($t->log_lines(qr/\[error\]/));
like(($t->log_lines(qr/\[error\]/))[0] // '',
    qr/could not write ".*" \(28: No space left on device\)/, 'and why');

# there is room again

spit("$disk/filler", '');

my $room = $hls{v0}->list->{next};

for my $track (sort keys %hls) {
    wait_for(sub { grep { !$_->{gap} && @{$_->{parts}} && $_->{msn} > $room }
                   @{$hls{$track}->list->{segments}} }, 10,
        "whole segments of $track");
}

my $next = $hls{v0}->list->{next};
my (%whole, %fetched);

my $disturbed = $load->stop->disturbed;

for my $track (sort keys %hls) {
    my $v = $hls{$track};
    my @lists = $v->events('playlist');
    my @parts = $v->events('part');

    is(join(' ', map { "$_->{uri}: $_->{status}" }
            grep { $_->{status} != 200 && !$_->{gap} } @lists, @parts), '',
        "$track: no request failed");

    my @late = grep { $_->{took} > 1.5 } @lists;

    SKIP: {
        skip($disturbed, 1) if @late && $disturbed;
        is(scalar(@late), 0, "$track: none was late");
    }

    is(join(' ', discontinuities(@lists)), '', "$track: no discontinuity");

    my @s = @{$v->list->{segments}};

    is(scalar(grep { $s[$_]{date} le $s[$_ - 1]{date}
                     || $s[$_]{duration} > 2 } 1 .. $#s), 0,
        "$track: gaps have the pace of the stream");

    # what was there before is still there

    my @old = grep { $_->{msn} < $full - 1 } @s;
    is(scalar(grep { $_->{gap} || get($_->{uri}) eq '' } @old), 0,
        "$track: no segment is lost that was there");

    ($whole{$track}) = grep { !$_->{gap} && @{$_->{parts}}
                              && $_->{msn} > $room } @s;
    my $data = get($whole{$track}{uri});

    is($data, join('', map { slurp("$v->{dir}/$_->{uri}") }
                   @{$whole{$track}{parts}}),
        "$track: with room a segment is its parts again");

    my $mp4 = spit($t->path("$track.mp4"), get($whole{$track}{map}) . $data);
    ok(decodes($mp4), "$track: it decodes");
}

# the other doors have everything

$pub->stop;

for my $door (sort keys %players) {
    for my $type (qw/ video audio /) {
        my @sent = flv_frames($file, $type);
        my $v = $players{$door};

        wait_for(sub { ($v->frames($type))[-1]{md5} eq $sent[-1]{md5} }, 5,
            "the last frame of $type at $door");

        my @seen = map { $_->{md5} } $v->frames($type);
        is_deeply(\@seen, [ map { $_->{md5} } @sent[-@seen .. -1] ],
            "$door: has every frame of $type");
    }
}

# the journal has been completed

my %before = map { $_ => $hls{$_}->list } keys %hls;

$t->stop('TERM');
$t->start;

for my $track (sort keys %hls) {
    my $pl = wait_for(sub {
        my $pl = $hls{$track}->list;
        !defined $pl->{part_target} && $pl;
    }, 10, 'the playlist of the files');

    is(gaps($pl), gaps($before{$track}),
        "$track: after a restart gaps are where they were");
}

done_testing();

###############################################################################

sub stream { $t->json('/status')->{streams}[0] }


sub fill {
    open(my $fh, '>', "$disk/filler") or die;

    for my $size (65536, 4096, 512) {
        1 while syswrite($fh, 'x' x $size);
    }

    close($fh);
}


sub get {
    my ($name) = @_;

    my $r = $t->get("/hls/live/a/$session/$name");
    return $r->{status} == 200 ? $r->{body} : '';
}


# Numbers of whole segments and of gaps between two that were compared.

sub gaps {
    my ($pl) = @_;

    return join(' ', map { "$_->{msn}" . ($_->{gap} ? '-' : '+') }
        grep { $_->{msn} >= $full - 1 && $_->{msn} < $next }
        @{$pl->{segments}});
}
