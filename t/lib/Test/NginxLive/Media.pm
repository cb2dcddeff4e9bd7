package Test::NginxLive::Media;

# Copyright (C) nginx-live authors

# Real encoders and players: ffmpeg, ffprobe, rtmpdump, GStreamer's programs
# are run by spawn() directly.

use warnings;
use strict;

use Exporter qw/ import /;
use JSON::PP ();

use Test::NginxLive::Process qw/ spawn run_command /;

our @EXPORT_OK = qw/ publish encoder_args play ffprobe rtmpdump
    decodes /;


# The arguments of ffmpeg between its name and the output's format:
#
#     fps 30, gop (frames, two seconds), size 320x180, rate 300k, bframes 0,
#     codec libx264, video (arguments instead of all these; 0 for none),
#     audio 48000 (sampling rate; 0 for none), acodec aac, arate 64k,
#     duration (seconds; endless), realtime 1, file (a source instead of the
#     test pattern, copied), args (more output options)

sub encoder_args {
    my (%opt) = @_;

    my $fps = $opt{fps} // 30;
    my $size = $opt{size} // '320x180';
    my $audio = $opt{audio} // 48000;
    my $video = $opt{video} // 1;

    my @re = ($opt{realtime} // 1) ? ('-re') : ();
    my @args = qw/ -hide_banner -nostdin -loglevel info -nostats /;

    if (defined $opt{file}) {
        push @args, @re, ($opt{loop} ? ('-stream_loop', '-1') : ()),
            '-i', $opt{file}, '-c', 'copy';

    } else {
        push @args, @re, '-f', 'lavfi', '-i',
            "testsrc2=size=$size:rate=$fps" if $video;
        push @args, @re, '-f', 'lavfi', '-i',
            "sine=frequency=440:sample_rate=$audio" if $audio;

        if (ref $video) {
            push @args, @$video;

        } elsif ($video) {
            my $gop = $opt{gop} // _gop($fps);
            my $rate = $opt{rate} // '300k';

            push @args, '-c:v', $opt{codec} // 'libx264', '-pix_fmt',
                'yuv420p', '-preset', 'ultrafast', '-g', $gop,
                '-keyint_min', $gop, '-sc_threshold', 0, '-bf',
                $opt{bframes} // 0, '-b:v', $rate, '-maxrate', $rate,
                '-bufsize', $rate, '-threads', 1;
            push @args, '-tune', 'zerolatency' unless $opt{bframes};
        }

        push @args, '-c:a', $opt{acodec} // 'aac', '-ar', $audio, '-ac', 2,
            '-b:a', $opt{arate} // '64k' if $audio;
    }

    push @args, '-t', $opt{duration} if defined $opt{duration};
    push @args, @{$opt{args}} if $opt{args};

    return @args;
}


sub _gop {
    my ($fps) = @_;

    $fps = $1 / $2 if $fps =~ m{^(\d+)/(\d+)$};
    return int($fps * 2 + 0.5);
}


# Publishes a test pattern to an RTMP URL in the background; the options of
# encoder_args, and format (flv).  Returns the process.

sub publish {
    my ($url, %opt) = @_;

    my @flv = ($opt{format} // 'flv') eq 'flv'
              ? qw/ -flvflags no_duration_filesize / : ();

    return spawn(cmd => [ 'ffmpeg', encoder_args(%opt), @flv, '-f',
                          $opt{format} // 'flv', $url ],
                 ($opt{dir} ? (dir => $opt{dir}) : ()));
}


# Reads a URL into a file without decoding; options duration, out, format,
# input (arguments before -i), args.  Returns the process.

sub play {
    my ($url, %opt) = @_;

    return spawn(cmd => [ qw/ ffmpeg -hide_banner -nostdin -y -loglevel info
                              -nostats /,
                          @{$opt{input} // []}, '-i', $url,
                          ($opt{duration} ? ('-t', $opt{duration}) : ()),
                          '-c', 'copy', @{$opt{args} // []},
                          ($opt{out} ? ($opt{format}
                                        ? ('-f', $opt{format}) : (),
                                        $opt{out})
                                     : qw/ -f null - /) ],
                 ($opt{dir} ? (dir => $opt{dir}) : ()));
}


# What ffprobe says about a file or URL, as a structure: streams and format;
# packets => 1 and frames => 1 add those.  input holds arguments.

sub ffprobe {
    my ($url, %opt) = @_;

    my $res = run_command(timeout => $opt{timeout} // 20,
        cmd => [ qw/ ffprobe -v error -of json -show_streams -show_format /,
                 ($opt{packets} ? '-show_packets' : ()),
                 ($opt{frames} ? '-show_frames' : ()),
                 @{$opt{input} // []}, $url ]);

    my $json = eval { JSON::PP::decode_json($res->{out}) } // {};
    $json->{error} = $res->{err};
    $json->{rc} = $res->{rc};

    return $json;
}


# True when ffmpeg decodes all of a file without a complaint.

sub decodes {
    my ($file, %opt) = @_;

    my $res = run_command(timeout => $opt{timeout} // 60,
        cmd => [ qw/ ffmpeg -hide_banner -nostdin -v error -xerror /,
                 @{$opt{input} // []}, '-i', $file, qw/ -f null - / ]);

    return $res->{rc} == 0 && $res->{err} eq '' ? 1 : (warn($res->{err}), 0)[1];
}


# Reads with librtmp into OUT, for STOP seconds if given (librtmp itself leaves
# the end of a live stream to the server); returns the process.

sub rtmpdump {
    my ($url, %opt) = @_;

    return spawn(cmd => [ ($opt{stop} ? ('timeout', '-s', 'INT', $opt{stop})
                                      : ()),
                          'rtmpdump', '--live', '-r', $url,
                          '-o', $opt{out} // '/dev/null',
                          @{$opt{args} // []} ],
                 ($opt{dir} ? (dir => $opt{dir}) : ()));
}


1;
