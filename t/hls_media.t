#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Playlists and media at the live edge, of encoders of many kinds at the same
# time: every playlist is parsed strictly, every part and segment is fetched
# and compared.  The names in brackets are the rules of the parser and of the
# followers that would complain.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS qw/ follow_until /;
use Test::NginxLive::MP4 qw/ init_info /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 128m;
             publish any; reconnect 2s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 333ms; hls_window 12s;
             application live { }
             application half { hls_part 200ms; }
             application low { hls_part 500ms; }
             application tiny { hls_part 100ms; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

# B-frames, drop-frame rate, sound or picture alone, MP3, key frames every half
# second and every ten, frames that come as they like, one frame per second

my %streams = (
    'live/bframes' => { fps => 25, gop => 25, bframes => 2, audio => 44100,
                        part => '0.333000', args => [ '-ac', 1 ] },
    'live/ntsc' => { fps => '30000/1001', gop => 30, part => '0.333000' },
    'live/audio' => { video => 0, audio => 48000, part => '0.333000' },
    'half/video' => { audio => 0, gop => 15, part => '0.200000' },
    'live/mp3' => { acodec => 'libmp3lame', audio => 44100, fps => 24,
                    gop => 24, arate => '96k' },
    'live/long' => { gop => 300, audio => 0 },
    'live/vfr' => { loose => 1, args => [ '-vf',
        "select='mod(n,7)*gt(mod(n,3),0)'", '-fps_mode', 'vfr',
        '-force_key_frames', 'expr:gte(t,n_forced)' ] },
    'low/slow' => { fps => 1, gop => 1, audio => 0, plain => 1 },
    'tiny/slow' => { fps => 3, gop => 3, plain => 1 },
);

my %hls;

publish($t->rtmp($_), %{$streams{$_}}) for sort keys %streams;

for my $name (sort keys %streams) {
    $hls{$name} = Test::NginxLive::HLS->new($t, $name);
}

my %follow;

for my $name (sort keys %streams) {
    my $multi = $hls{$name}->multi;

    is_deeply($multi->{errors}, [], "$name: multivariant playlist");
    $follow{$name} = [ map { $hls{$name}->follow($_) } $hls{$name}->tracks ];
}

my @all = map { @$_ } values %follow;

follow_until(sub { !grep { $_->complete < 6 } @all }, 30, @all);

for my $name (sort keys %streams) {
    for my $f (@{$follow{$name}}) {
        my $id = "$name, $f->{track}";

        # R2: PART-TARGET and TARGETDURATION never change; DURATION is not
        # above PART-TARGET and lasts what it says
        # R3: parts of 85 %
        # R4: EXTINF is not above the target duration
        # R5: a segment is the bytes of its parts, one fragment each
        # R6: there is a MAP, and it can be had
        # R10: tags and values of the header, a date for each segment, one
        # hint, parts for three target durations
        # R11: a blocked request is answered by what it asked for

        my @errors = @{$f->errors};
        @errors = grep { !/is below 85 %/ } @errors if $streams{$name}{loose};

        is(join("\n", @errors), '', "$id: playlists");

        # R2: tfdt is that of the part before plus its durations; R3, R4:
        # INDEPENDENT where it is true

        is(join("\n", @{$f->media_errors}), '', "$id: media");

        # R5, R15: the same bytes from the file later

        is(join("\n", @{$f->refetch_errors}), '', "$id: segments from their files");

        cmp_ok($f->{playlists}, '>', $streams{$name}{plain} ? 3 : 10,
            "$id: playlists were read");

        next if $streams{$name}{plain};

        ok($f->list->{part_target}, "$id: has parts");
        is($f->list->{part_target}, $streams{$name}{part}, "$id: PART-TARGET")
            if $streams{$name}{part};
    }

    my @f = @{$follow{$name}};

    aligned($name, @f);
    reports($name, @f);

    # R4: the first picture can be decoded, and so can the rest

    for my $f (@f) {
        ok(decodes($f->save($t->path($f->{track} . '.mp4'))),
            "$name, $f->{track}: decodes");
    }
}

# R3: all parts of sound are independent

for my $f (map { grep { $_->{track} =~ /^a/ } @$_ } values %follow) {
    ok(!(grep { !$_->{independent} } map { @{$_->{parts}} } $f->media),
        "parts of sound are independent");
}

# R4: segments begin with a key frame, and last as long as they must

for my $name (qw{ live/bframes live/ntsc half/video live/mp3 live/vfr }) {
    my ($v) = grep { $_->{track} =~ /^v/ } @{$follow{$name}};

    ok($v->list->{independent}, "$name: INDEPENDENT-SEGMENTS");
    ok(!(grep { !$_->{fragments}[0]{samples}[0]{key} } $v->media),
        "$name: segments begin with a key frame");
    ok(!(grep { $_->{duration} < 0.97 } $v->media), "$name: hls_segment");
}

my ($v) = @{$follow{'half/video'}};
ok(!(grep { $_->{duration} != 1 } $v->media),
    'two groups of pictures to a segment');

# R4: a key frame each ten seconds: cut before the target duration is passed,
# without a claim that would be wrong, and with one warning

($v) = @{$follow{'live/long'}};
my @media = $v->media;

is(scalar(grep { $_->{fragments}[0]{samples}[0]{key} } @media), 1,
    'one of the segments begins with a key frame');
is($v->list->{independent}, 0, 'no INDEPENDENT-SEGMENTS');
ok(!$hls{'live/long'}->multi->{independent}, 'nor in the multivariant one');
is(scalar(grep { $_->{independent} } map { @{$_->{parts}} } @media), 1,
    'nor a part');
is(scalar($t->log_lines(qr{"live/long" was cut without a key frame})), 1, 'one warning');

# R3, R8: B-frames: the decoding time goes on by whole frames, composition
# offsets are those of the encoder

($v) = grep { $_->{track} eq 'v0' } @{$follow{'live/bframes'}};
my @samples = map { @{$_->{samples}} } map { @{$_->{fragments}} } $v->media;

ok((grep { $_->{cts} } @samples), 'there are B-frames');
ok(!(grep { $_->{cts} % 3600 || $_->{duration} != 3600 } @samples),
    'times are whole frames');

my @pts = sort { $a <=> $b } map { $_->{dts} + $_->{cts} } @samples;
ok(!(grep { $pts[$_] - $pts[$_ - 1] != 3600 } 1 .. $#pts),
    'each picture has its time');

# R2, and what is said where there is no PART-TARGET

my $status = hls('low/slow');
is($status->{low_latency}, JSON::PP::false, 'a frame per second: no parts');
like($status->{reason}, qr/\S/, 'and the reason is told');
ok(!defined $follow{'low/slow'}[0]->list->{part_target}, 'nor PART-INF');

$status = hls('tiny/slow');
is($status->{low_latency}, JSON::PP::false, 'a frame for three parts: none');
like($status->{reason}, qr/a frame lasts longer than/, 'and why');
is(scalar($t->log_lines(qr/HLS of "tiny\/slow" has no parts/)), 1,
    'logged once');

# R10: DISCONTINUITY-SEQUENCE of a session without a discontinuity

is($_->list->{dseq}, 0, "$_->{hls}{stream}, $_->{track}: no discontinuity")
    for @all;

done_testing();

###############################################################################


# R1: renditions have the same segments, cut at the same times and dated the
# same, the same discontinuities and the same header.

sub aligned {
    my ($name, @f) = @_;

    return if @f < 2;

    my ($a, $v) = sort { $a->{track} cmp $b->{track} } @f;
    my @errors;

    for my $seg ($v->media) {
        my $other = $a->segments->{$seg->{msn}};

        next if !$other || !length($other->{bytes} // '');

        my $start = $seg->{fragments}[0]{dts} / $seg->{timescale};
        my $delay = $seg->{fragments}[0]{samples}[0]{cts} / $seg->{timescale};
        my $sound = $other->{fragments}[0]{dts} / $other->{timescale};
        my $frame = $other->{fragments}[0]{samples}[0]{duration}
                    / $other->{timescale};

        push @errors, "$seg->{msn}: $start, $sound"
            if $sound < $start - 1e-3
               || $sound > $start + $frame + 1e-3 && $seg->{msn};

        # R8: dates are those of what is seen and heard at the same time

        push @errors, "$seg->{msn}: date $seg->{date}, $other->{date}"
            if abs($sound - $start - $delay
                   - ($other->{date} - $seg->{date})) > 0.0021;
        push @errors, "$seg->{msn}: discontinuity"
            if $seg->{discontinuity} != $other->{discontinuity}
               || $seg->{dseq} != $other->{dseq};
    }

    is(join("\n", @errors), '', "$name: cut at the same times");

    my @header = map {
        join("\n", grep { !/SEQUENCE/ } @{$_->list->{header}})
    } @f;

    is($header[1], $header[0], "$name: the same header");
}


# R10: a report of each other rendition, of what is there.

sub reports {
    my ($name, @f) = @_;

    for my $f (@f) {
        my $list = $hls{$name}->list($f->{track});
        my @others = grep { $_ ne $f->{track} } map { $_->{track} } @f;

        is_deeply([ sort keys %{$list->{reports}} ], [ sort @others ],
            "$name, $f->{track}: reports");

        for my $other (@others) {
            my $now = $hls{$name}->list($other);
            my $r = $list->{reports}{$other};
            my $edge = $now->{open}{msn} * 1000 + @{$now->{open}{parts}};
            my $said = $r->{msn} * 1000 + ($r->{part} // 999);

            cmp_ok($said, '<', $edge, "$name, $other: is there");
            cmp_ok($r->{msn}, '>=', $now->{open}{msn} - 1,
                "$name, $other: is the newest");
        }
    }
}


sub hls {
    my ($stream) = @_;

    my ($app, $name) = split(m{/}, $stream);
    my ($s) = grep { $_->{application} eq $app && $_->{name} eq $name }
              @{$t->json('/status')->{streams}};

    return $s->{hls};
}

###############################################################################
