#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What the multivariant playlist says of a stream against what the stream is;
# PART-TARGET of frame rates, sampling rates and hls_part.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS qw/ follow_until /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 128m;
             publish any; reconnect 1s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 200ms; hls_window 30s;
             application p200 { }
             application p333 { hls_part 333ms; }
             application p500 { hls_part 500ms; }
             application off { hls off; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

# one stream has peaks: noise for a second in each four

my @peaks = ('-vf', "noise=alls=70:allf=t:enable='lt(mod(t,4),1)'", '-crf', 30,
             '-maxrate', '8000k', '-bufsize', '8000k');

my %streams = (
    'p200/24' => { fps => 24, gop => 24, profile => 'high', bframes => 2 },
    'p200/ntsc' => { fps => '30000/1001', gop => 30, audio => 44100 },
    'p333/50' => { fps => 50, gop => 50, size => '426x240', args =>
                   [ '-profile:v', 'main', '-ac', 1 ] },
    'p500/60' => { fps => 60, gop => 60, audio => 44100,
                   acodec => 'libmp3lame', arate => '128k' },
    'p200/12' => { fps => 12, gop => 12, audio => 0 },
    'p333/peaks' => { fps => 25, gop => 25, args => \@peaks },
    'p500/audio' => { video => 0, audio => 44100, arate => '96k' },
);

publish($t->rtmp($_), %{$streams{$_}}) for sort keys %streams;
publish($t->rtmp('off/a'), audio => 0);

my (%hls, %follow);

for my $name (sort keys %streams) {
    $hls{$name} = Test::NginxLive::HLS->new($t, $name);
    $hls{$name}->multi;
    $follow{$name} = { map { $_ => $hls{$name}->follow($_) }
                       $hls{$name}->tracks };
}

my @all = map { values %$_ } values %follow;
follow_until(sub { !grep { $_->complete < 9 } @all }, 30, @all);

for my $name (sort keys %streams) {
    my $s = $streams{$name};
    my $multi = $hls{$name}->multi;
    my %f = %{$follow{$name}};

    is(join("\n", @{$multi->{errors}}, map { @{$_->errors} } values %f), '',
        "$name: playlists");
    ok($multi->{independent}, "$name: INDEPENDENT-SEGMENTS");

    my $video = ($s->{video} // 1) ? 1 : 0;
    my $audio = ($s->{audio} // 48000) ? 1 : 0;

    is(scalar @{$multi->{variants}}, 1, "$name: one variant");
    is(scalar @{$multi->{audio}}, $video && $audio ? 1 : 0,
        "$name: sound of its own");

    my ($v) = @{$multi->{variants}};
    my ($sound) = @{$multi->{audio}};

    # CODECS, RESOLUTION, FRAME-RATE: what ffprobe and the boxes say

    my @codecs = map { codec($name, $_) } sort { $b cmp $a } keys %f;
    is($v->{CODECS}, join(',', @codecs), "$name: CODECS");

    is($v->{RESOLUTION}, $video ? $s->{size} // '320x180' : undef,
        "$name: RESOLUTION");
    is($v->{'FRAME-RATE'}, $video ? rate($s->{fps}) : undef,
        "$name: FRAME-RATE");

    if ($sound) {
        is($v->{AUDIO}, $sound->{'GROUP-ID'}, "$name: group of sound");
        is("$sound->{TYPE} $sound->{DEFAULT} $sound->{AUTOSELECT}", 'AUDIO YES YES',
            "$name: is the default");
        is($sound->{CHANNELS}, $name eq 'p333/50' ? 1 : 2, "$name: CHANNELS");
        like($sound->{NAME}, qr/\S/, "$name: NAME");

    } else {
        ok(!defined $v->{AUDIO}, "$name: no group of sound");
    }

    # BANDWIDTH: not below any segments that last 0.5 to 1.5 target durations,
    # AVERAGE-BANDWIDTH that of all

    my $peak = 0;
    my $average = 0;

    for my $f (values %f) {
        $peak += peak($f);
        $average += average($f);
    }

    cmp_ok($v->{BANDWIDTH}, '>=', int($peak) - 1, "$name: BANDWIDTH");
    cmp_ok($v->{BANDWIDTH}, '<=', 1.05 * $peak, "$name: and not much above");
    cmp_ok(abs($v->{'AVERAGE-BANDWIDTH'} - $average), '<', 0.25 * $average,
        "$name: AVERAGE-BANDWIDTH");
    cmp_ok($v->{'AVERAGE-BANDWIDTH'}, '<=', $v->{BANDWIDTH},
        "$name: is not above");

    # R2: the least PART-TARGET that whole frames fill

    my ($wish) = $name =~ /^p(\d+)/;
    my @frames = ($video ? [ reverse ratio($s->{fps}) ] : (),
                  $audio ? [ ($s->{acodec} // '') eq 'libmp3lame' ? 1152
                             : 1024, $s->{audio} // 48000 ] : ());

    is($_->list->{part_target}, fit($wish, @frames), "$name: PART-TARGET")
        for values %f;
}

my ($m) = @{$hls{'p333/peaks'}->multi->{variants}};
cmp_ok($m->{BANDWIDTH}, '>', 1.5 * $m->{'AVERAGE-BANDWIDTH'},
    'a stream with peaks');

# not packaged, and not there

for my $path ('off/a', 'p200/none', 'none/a') {
    is($t->get("/hls/$path/index.m3u8")->{status}, 404, "404: $path");
}

done_testing();

###############################################################################


sub ratio {
    my ($fps) = @_;
    return $fps =~ m{^(\d+)/(\d+)$} ? ($1, $2) : ($fps, 1);
}


sub rate {
    my ($num, $den) = ratio(@_);
    return sprintf('%.3f', $num / $den);
}


# The RFC 6381 name of what a map describes, from its boxes; ffprobe agrees
# about the kind.

sub codec {
    my ($name, $track) = @_;

    my $f = $follow{$name}{$track};
    my ($init) = values %{$f->{maps}};
    my $probe = ffprobe($f->save($t->path("$track.mp4")))->{streams}[0];

    if ($track =~ /^v/) {
        is($probe->{codec_name}, 'h264', "$name: H.264");

        my ($avcc) = $init =~ /avcC(.{4})/s;
        return sprintf('avc1.%02x%02x%02x', unpack('x C3', $avcc));
    }

    if ($streams{$name}{acodec}) {
        is($probe->{codec_name}, 'mp3', "$name: MP3");
        return 'mp4a.40.34';
    }

    is("$probe->{codec_name} $probe->{profile}", 'aac LC', "$name: AAC");
    return 'mp4a.40.2';
}


# The peak of contiguous segments, 4.4.6.2.

sub peak {
    my ($f) = @_;

    my @media = $f->media;
    my $target = $f->list->{target};
    my $peak = 0;

    for my $i (0 .. $#media) {
        my ($bytes, $duration) = (0, 0);

        for my $j ($i .. $#media) {
            $bytes += length $media[$j]{bytes};
            $duration += $media[$j]{duration};

            last if $duration > 1.5 * $target;

            $peak = 8 * $bytes / $duration
                if $duration >= 0.5 * $target && 8 * $bytes / $duration > $peak;
        }
    }

    return $peak;
}


sub average {
    my ($f) = @_;
    my ($bytes, $duration) = (0, 0);

    for my $seg ($f->media) {
        $bytes += length $seg->{bytes};
        $duration += $seg->{duration};
    }

    return 8 * $bytes / $duration;
}


# The smallest number of microseconds, from WISH milliseconds to twice that,
# of which whole frames of each kind fill 85 to 100 %, as a playlist says it.

sub fit {
    my ($wish, @frames) = @_;

    TARGET: for my $us (1000 * $wish .. 2000 * $wish) {
        for my $frame (@frames) {
            my $n = int($us * $frame->[1] / (1e6 * $frame->[0]) + 1e-9);
            next TARGET
                if $n * $frame->[0] * 1e6 < 0.85 * $us * $frame->[1] - 1e-6;
        }

        return sprintf('%.6f', $us / 1e6);
    }

    return undef;
}

###############################################################################
