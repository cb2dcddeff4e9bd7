#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What the HLS packager makes of a stream, on disk: segments that are their
# parts, cut at the same times, continuous, with the encoder's timing; the
# journal; gaps while the encoder is away; the end, and the deletion.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::MP4 qw/ boxes init_info fragments journal /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             hls on; hls_path %%DIR%%/hls; hls_segment 2s;
             hls_target_duration 3s; hls_part 333ms; hls_window 9s;
             application live { publish any; reconnect 5s; }
             application audio { publish any; reconnect 0; }
             application long { publish any; reconnect 0; hls_segment 1s;
                                hls_target_duration 2s; hls_part 500ms;
                                hls_window 60s; }
             application plain { publish any; reconnect 0; hls_part 0; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), bframes => 2, audio => 44100,
                  fps => 25, gop => 50, args => [ '-threads', 1 ]);
my $audio = publish($t->rtmp('audio/a'), video => 0, audio => 48000);
my $long = publish($t->rtmp('long/a'), gop => 300, fps => 30, audio => 0);
my $plain = publish($t->rtmp('plain/a'), fps => 24, gop => 48);

# video and audio, B-frames

my $dir = session('live/a');

wait_for(sub { next_msn('live', 'a') >= 4 }, 25, 'four segments');
wait_for(sub { file_size("$dir/v0-3.m4s") && file_size("$dir/a1-3.m4s") }, 5,
    'files of the fourth segment');

my $j = journal(slurp("$dir/journal"));
my $hls = hls('live', 'a');

is($hls->{part_target_us}, 333000, 'PART-TARGET: 8 frames are enough');
is($j->{header}{part}, 333000, 'PART-TARGET in the journal');
is($j->{header}{target}, 3, 'target duration in the journal');
is($j->{header}{session}, $hls->{session}, 'session in the journal');
is($hls->{gaps}, 0, 'no gaps');

my %init = map {
    $_ => slurp("$dir/$_-init-$j->{tracks}{$_}.mp4")
} qw/ v0 a1 /;

is(init_info($init{v0})->{timescale}, 90000, 'timescale of video');
is(init_info($init{a1})->{timescale}, 44100, 'timescale of audio');
is(init_info($init{v0})->{codec}, 'avc1', 'codec of video');
is(init_info($init{a1})->{codec}, 'mp4a', 'codec of audio');
is(init_info($init{$_})->{edts}, 0, "no edit list in $_") for qw/ v0 a1 /;

my %seg;

for my $track (qw/ v0 a1 /) {
    my $scale = init_info($init{$track})->{timescale};
    my ($continuous, $whole, $filled, $length, $order) = (1, 1, 1, 1, 1);
    my $next;

    for my $s (grep { $_->{bytes} } @{$j->{segments}{$track}}) {
        my $data = slurp("$dir/$track-$s->{msn}.m4s");

        $whole = 0 if length($data) != $s->{bytes};

        my $parts = fragments($data);
        my $duration = 0;

        for my $i (0 .. $#$parts) {
            my $f = $parts->[$i];

            $continuous = 0 if defined $next && $f->{dts} != $next;
            $next = $f->{dts} + $f->{duration};
            $duration += $f->{duration};

            my $share = $f->{duration} / $scale / 0.333;

            $filled = 0 if $share > 1.00001
                           || ($share < 0.85 && $i < $#$parts);
        }

        $length = 0 if abs($duration / $scale - $s->{duration} / 90000) > 1e-4;
        $order = 0 if abs($parts->[0]{dts} / $scale - $s->{start} / 90000)
                      > 1e-4;
        $seg{$track}[$s->{msn}] = { %$s, parts => $parts };
    }

    ok($whole, "$track: segments are as long as the journal says");
    ok($continuous, "$track: each part begins where the last one ended");
    ok($filled, "$track: parts fill 85 to 100 % of PART-TARGET");
    ok($length, "$track: durations of segments");
    ok($order, "$track: starts of segments");
}

ok(!(grep { !$_->{parts}[0]{samples}[0]{key} } @{$seg{v0}}),
    'segments of video begin with a key frame');
is(scalar(grep { $_->{key} } map { @{$_->{samples}} } @{$seg{v0}[1]{parts}}),
    1, 'and have no other one');
is($seg{v0}[1]{duration}, 180000, 'segments of two seconds');

ok(!(grep { my $d = $seg{a1}[$_]{start} - $seg{v0}[$_]{start};
            $d < 0 || $d > 1024 * 90000 / 44100 } 1 .. 3),
    'audio is cut at the first frame behind the same boundary');
ok(!(grep { abs($seg{a1}[$_]{date} - $seg{v0}[$_]{date} + 80) > 30 } 1 .. 3),
    'dates of both, of what is seen: B-frames delay it by two frames');
ok((grep { $_->{cts} } map { @{$_->{samples}} } @{$seg{v0}[1]{parts}}),
    'composition offsets');
ok(!(grep { $_->{cts} % 3600 } map { @{$_->{samples}} }
     @{$seg{v0}[1]{parts}}), 'in whole frames');

# the offset between sound and picture is the encoder's: both begin at zero

my $first = (sort { $a <=> $b } map { $_->{dts} + $_->{cts} }
             @{$seg{v0}[0]{parts}[0]{samples}})[0] / 90000
            - $seg{v0}[0]{parts}[0]{samples}[0]{dts} / 90000;
cmp_ok($first, '<=', 0.081, 'delay of B-frames is two frames');

for my $track (qw/ v0 a1 /) {
    my $file = spit($t->path("$track.mp4"), join('', $init{$track},
                    map { slurp("$dir/$track-$_.m4s") } 0 .. 3));
    ok(decodes($file), "$track decodes");
}

# sound alone, and plain HLS

wait_for(sub { next_msn('audio', 'a') >= 2 }, 15, 'segments of audio');
is(hls('audio', 'a')->{low_latency}, JSON::PP::true, 'audio alone has parts');
is(hls('audio', 'a')->{part_target_us}, 333000, 'of 15 frames');

$dir = session('audio/a');
wait_for(sub { file_size("$dir/a0-0.m4s") || file_size("$dir/a1-0.m4s") }, 5,
    'a file');
$j = journal(slurp("$dir/journal"));
is_deeply([ keys %{$j->{tracks}} ], [ keys %{$j->{segments}} ], 'one track');

wait_for(sub { next_msn('plain', 'a') >= 2 }, 15, 'segments without parts');
is(hls('plain', 'a')->{low_latency}, JSON::PP::false, 'no parts');
like(hls('plain', 'a')->{reason}, qr/hls_part is 0/, 'and why');

$dir = session('plain/a');
wait_for(sub { file_size("$dir/v0-1.m4s") }, 5, 'a plain segment');
is(scalar(@{fragments(slurp("$dir/v0-1.m4s"))}), 1, 'is one fragment');

# key frames that come too late

wait_for(sub { next_msn('long', 'a') >= 4 }, 20, 'segments between key frames');

$j = journal(slurp(session('long/a') . '/journal'));
my @s = @{$j->{segments}{v0}};

ok(!(grep { $_->{duration} > 2.5 * 90000 } @s), 'none passes the target');
is(scalar(grep { $_->{flags} =~ /I/ } @s), 1, 'independent are those that are');
my $warned = () = $t->log_text =~ /was cut without a key frame/g;
is($warned, 1, 'said once');

# the window moves, files go

$dir = session('live/a');
wait_for(sub { hls('live', 'a')->{renditions}[0]{first} >= 1 }, 20, 'window');
wait_for(sub { !-e "$dir/v0-0.m4s" && !-e "$dir/a1-0.m4s" }, 30,
    'deletion of the first segment');
ok(-e "$dir/v0-" . hls('live', 'a')->{renditions}[0]{first} . '.m4s',
    'the window is there');

# away, and the end

$pub->stop;
wait_for(sub { hls('live', 'a')->{state} eq 'away' }, 10, 'away');

my $last = next_msn('live', 'a');

wait_for(sub { next_msn('live', 'a') >= $last + 2 }, 10, 'gaps');

$j = journal(slurp("$dir/journal"));

for my $track (qw/ v0 a1 /) {
    is($j->{segments}{$track}[-1]{flags}, 'G', "$track: gaps");
}

wait_for(sub { -e "$dir/v0.m3u8" && -e "$dir/../index.m3u8" }, 15, 'the end');
wait_for(sub { journal(slurp("$dir/journal"))->{ended} }, 5, 'its line');

my $m3u8 = slurp("$dir/v0.m3u8");

like($m3u8, qr/#EXT-X-ENDLIST\n$/, 'ENDLIST');
like($m3u8, qr/#EXT-X-MEDIA-SEQUENCE:[1-9]/, 'media sequence');
like($m3u8, qr/#EXT-X-GAP\n/, 'gaps are listed');
like(slurp("$dir/../index.m3u8"), qr{\n$hls->{session}/v0\.m3u8\n},
    'multivariant playlist');

my $res = ffprobe("$dir/v0.m3u8", input => [ qw/ -allowed_extensions ALL / ]);
is($res->{streams}[0]{codec_name}, 'h264', 'it plays');

wait_for(sub { !-e $dir && !-e "$dir/.." }, 45, 'deletion');
pass('ended sessions are deleted after the window');

$_->stop for $audio, $long, $plain;
$t->stop;

done_testing();

###############################################################################

sub hls {
    my ($app, $name) = @_;

    my $status = $t->json('/status') or return {};
    my ($s) = grep { $_->{application} eq $app && $_->{name} eq $name }
              @{$status->{streams}};

    return $s ? $s->{hls} // {} : {};
}


sub next_msn {
    my ($app, $name) = @_;

    my $r = hls($app, $name)->{renditions} // [];

    return 0 unless @$r;
    return (sort { $a <=> $b } map { $_->{next} } @$r)[0];
}


sub session {
    my ($stream) = @_;

    return wait_for(sub {
        my $s = hls(split(m{/}, $stream))->{session};
        my $dir = $t->path("hls/$stream/" . ($s // '-'));
        return -s "$dir/journal" ? $dir : undef;
    }, 15, "session of $stream");
}


sub file_size { -s $_[0] // 0 }
