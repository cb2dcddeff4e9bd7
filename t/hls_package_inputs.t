#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What encoders send: sound that starts late, pictures of varying rate, MP3,
# one picture a second, 60 a second with B-frames, and another resolution
# after a reconnect.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::MP4 qw/ fragments init_info journal /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 3s; hls_part 500ms; hls_window 60s;
             application live { publish any; reconnect 5s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /status { live_status; } }'
)->start;

my %input = (
    late => [ source(30), '-itsoffset', 4, sine(48000), encode(30) ],
    vfr => [ source(30), sine(48000), '-vf', 'select=gt(random(0)\,0.3)',
             '-vsync', 'vfr', encode(30) ],
    mp3 => [ source('24000/1001'), sine(44100), encode(48, '-bf', 3),
             '-c:a', 'libmp3lame' ],
    slow => [ source(1), encode(2) ],
    fast => [ source(60), sine(48000), encode(60, '-bf', 2) ],
    size => [ source(30), sine(48000), encode(30) ]
);

my %pub = map {
    $_ => spawn(cmd => [ qw/ ffmpeg -nostdin -v error -re /, @{$input{$_}},
                         qw/ -f flv /, $t->rtmp("live/$_") ])
} keys %input;

wait_for(sub { edge('size') >= 3 }, 20, 'segments');

$pub{size}->stop('KILL');
$pub{size} = spawn(cmd => [ qw/ ffmpeg -nostdin -v error -re /,
                            source(30, '640x360'), sine(48000), encode(30),
                            qw/ -f flv /, $t->rtmp('live/size') ]);

wait_for(sub { edge('late') >= 8 }, 30, 'late');
wait_for(sub { edge('vfr') >= 6 }, 20, 'vfr');
wait_for(sub { edge('mp3') >= 4 }, 20, 'mp3');
wait_for(sub { edge('slow') >= 3 }, 20, 'slow');
wait_for(sub { edge('fast') >= 6 }, 20, 'fast');
wait_for(sub { edge('size') >= 7 }, 20, 'size');

my %hls = map { $_ => hls($_) } keys %input;

$_->stop for values %pub;

wait_for(sub { !grep { !ended($_) } keys %input }, 20, 'ends');

# sound that starts late is a rendition from then on

my %s = %{segments('late')};
my $first = $s{a1}[0]{msn};

cmp_ok($first, '>', 1, 'late: sound begins in a later segment');
ok(!(grep { $_->{flags} =~ /G/ } played($s{v0})),
    'late: no picture is lost');
is(join(' ', map { $_->{msn} } grep { $_->{discont} } @{$s{v0}}), $first,
    'late: one discontinuity, where sound begins');
ok($s{a1}[0]{discont}, 'late: also of the sound');
cmp_ok(abs($s{a1}[0]{start} - $s{v0}[$first]{start}), '<', 2000,
    'late: both begin together');

# a varying rate

%s = %{segments('vfr')};

is($hls{vfr}{low_latency}, JSON::PP::true, 'vfr: parts');
is(max_part('vfr', 'v0', 90000) <= $hls{vfr}{part_target_us} / 1e6 + 1e-5, 1,
    'vfr: none is too long');
is(holes('vfr', 'v0'), 0, 'vfr: durations are what passes until the next');

# MP3

is($hls{mp3}{renditions}[1]{codec}, 'mp4a.40.34', 'mp3: codec');
is(holes('mp3', 'a1'), 0, 'mp3: no holes');
is(holes('mp3', 'v0'), 0, '23.976 fps: no holes');
cmp_ok(max_part('mp3', 'a1', 44100), '<=',
    $hls{mp3}{part_target_us} / 1e6 + 1e-5, 'mp3: parts');

# too slow for parts

is($hls{slow}{low_latency}, JSON::PP::false, 'slow: plain HLS');
ok($hls{slow}{reason}, 'slow: for a reason');
my $said = () = $t->log_text =~ /HLS of "live\/slow" has no parts/g;
is($said, 1, 'slow: said once');

# 60 fps, half a second of parts, B-frames

is(holes('fast', 'v0'), 0, 'fast: no holes');
%s = %{segments('fast')};
ok(!(grep { $_->{duration} != 90000 } (played($s{v0}))[0 .. 4]),
    'fast: segments of a second');

# another resolution

%s = %{segments('size')};

my ($change) = grep { $_->{discont} } @{$s{v0}};
my %maps = map { $_->{map} => 1 } @{$s{v0}};

is(scalar(keys %maps), 2, 'size: two maps');
isnt($change->{map}, $s{v0}[0]{map}, 'size: they change');
is((grep { $_->{discont} } @{$s{a1}})[0]{msn}, $change->{msn},
    'size: a discontinuity in both');
is(scalar(keys %{{ map { $_->{map} => 1 } @{$s{a1}} }}), 1,
    'size: the map of the sound is the same');
like(slurp(dir('size') . '/v0.m3u8'), qr/
    DISCONTINUITY\n\#EXT-X-MAP:URI="v0-init-$change->{map}\.mp4"\n/x,
    'size: and in the playlist');

for my $name (sort keys %input) {
    for my $file (glob(dir($name) . '/*.m3u8')) {
        next if slurp($file) =~ /GAP/;
        ok(decodes($file, input => [ qw/ -allowed_extensions ALL / ]),
            "$name: " . ($file =~ m{([^/]+)$})[0] . ' plays');
    }
}

$t->stop;

done_testing();

###############################################################################

sub source {
    my ($rate, $size) = @_;

    return (qw/ -f lavfi -i /, 'testsrc2=size=' . ($size // '320x180')
                               . ":rate=$rate");
}


sub sine { return (qw/ -f lavfi -i /, "sine=sample_rate=$_[0]") }


sub encode {
    my ($gop, @args) = @_;

    return (qw/ -c:v libx264 -pix_fmt yuv420p -preset ultrafast -threads 1
                -sc_threshold 0 -g /, $gop, '-keyint_min', $gop,
            @args, qw/ -c:a aac /);
}


sub hls {
    my ($name) = @_;

    my ($s) = grep { $_->{name} eq $name }
              @{($t->json('/status') // {})->{streams} // []};

    return ($s // {})->{hls} // {};
}


# The number of segments that all renditions have.

sub edge {
    my ($name) = @_;

    my $r = hls($name)->{renditions} // [];

    return 0 unless @$r;
    return (sort { $a <=> $b } map { $_->{next} } @$r)[0];
}


sub dir { return $t->path("hls/live/$_[0]/$hls{$_[0]}{session}") }


sub ended { journal(slurp(dir($_[0]) . '/journal'))->{ended} }


sub segments { journal(slurp(dir($_[0]) . '/journal'))->{segments} }


# Without the gaps at the end, when the encoder was away.

sub played {
    my ($s) = @_;

    my @s = @$s;
    pop @s while @s && $s[-1]{flags} =~ /G/;

    return @s;
}


sub parts {
    my ($name, $track) = @_;

    return map {
        my $s = $_;
        map { { %$_, discont => $s->{discont} && $_->{offset} == 0 } }
            @{fragments(slurp(dir($name) . "/$track-$s->{msn}.m4s"))}
    } grep { $_->{bytes} } @{segments($name)->{$track}};
}


sub max_part {
    my ($name, $track, $scale) = @_;

    return (sort { $b <=> $a } map { $_->{duration} / $scale }
            parts($name, $track))[0];
}


# Parts that do not begin where the one before has ended.

sub holes {
    my ($name, $track) = @_;

    my ($holes, $next) = (0);

    for my $p (parts($name, $track)) {
        $holes++ if defined $next && $next != $p->{dts} && !$p->{discont};
        $next = $p->{dts} + $p->{duration};
    }

    return $holes;
}
