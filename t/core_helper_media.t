#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Opus of what encoders send: sampling rates that are not its own, MP3, sound
# without pictures, an encoder that returns, one that another replaces.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_test live_rtmp /);

my $media = Test::NginxLive->build() . '/helpers/live-media';
plan(skip_all => 'live-media is not built') unless -x $media;

my (%seen, %flags);

my $t = Test::NginxLive->new(
    live => "zone live 64m; publish any; publish_conflict takeover;
             reconnect 10s;
             application live { test_helper opus $media opus; }
             application few { tracks 3; test_helper opus $media opus; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /frames { live_test_frames; } }'
)->start;

my %inputs = (
    aac44 => { audio => 44100, gop => 30 },
    mp3 => { audio => 44100, acodec => 'libmp3lame', gop => 30 },
    mono => { audio => 22050, gop => 30, args => [ '-ac', 1 ] },
    sound => { audio => 48000, video => 0 }
);

my %pubs = map { $_ => publish($t->rtmp("live/$_"), %{$inputs{$_}}) }
    sort keys %inputs;

for my $name (sort keys %inputs) {
    wait_for(sub { frames($name) > 120 }, 30, "Opus of $name");

    my @dts = frames($name);
    my %steps;
    $steps{$dts[$_] - $dts[$_ - 1]}++ for 1 .. $#dts;
    is_deeply([ keys %steps ], [ 1800 ], "$name: packets of 20 ms")
        or diag(explain(\%steps));

    # helpers are niced: not at any moment

    my $s;

    ok(eval { wait_for(sub {
        $s = stream($name);
        my %time = map { $_->{id} => $_->{time} } @{$s->{tracks}};
        return abs($time{15} - $time{1}) < 0.1;
    }, 10, 'Opus') }, "$name: as new as what it is made of");
    is($s->{helpers}[0]{restarts}, 0, "$name: no restart");
}

# an RTMP player is given the publisher's sound

my $play = play($t->rtmp('live/mp3'), out => $t->path('mp3.flv'),
    duration => 2);
is($play->wait, 0, 'RTMP player');
is_deeply([ map { $_->{codec_name} } @{ffprobe($t->path('mp3.flv'))->{streams}} ],
    [ qw/ h264 mp3 / ], 'has the tracks of the publisher');

# an encoder returns after a pause, with another rate

$pubs{aac44}->stop;
wait_for(sub { stream('aac44')->{state} eq 'waiting' }, 10, 'pause');
is(stream('aac44')->{helpers}[0]{pid}, 0, 'no helper without a publisher');

my $last = (sort { $a <=> $b } frames('aac44'))[-1];
$pubs{aac44} = publish($t->rtmp('live/aac44'), audio => 48000, gop => 30);

wait_for(sub { (grep { $_ > $last } frames('aac44')) > 50 }, 20,
    'Opus of an encoder that returned');
pass('an encoder returns');

my @breaks = grep { $_ > $last && $flags{aac44}{$_} & 2 } frames('aac44');
is(scalar @breaks, 1, 'with one discontinuity');

is(stream('aac44')->{helpers}[0]{track}, 15, 'on the same track');
is(stream('aac44')->{helpers}[0]{restarts}, 0, 'that is no restart');

# others take it over, in one worker or the other

for my $n (1 .. 4) {
    my $starts = stream('sound')->{helpers}[0]{starts};
    my $pid = stream('sound')->{helpers}[0]{pid};
    my $pub = publish($t->rtmp('live/sound'), audio => 48000, video => 0);

    wait_for(sub {
        my $h = stream('sound')->{helpers}[0];
        $h->{starts} > $starts && $h->{pid} && $h->{pid} != $pid
    }, 20, "takeover $n");

    my $out = stream('sound')->{helpers}[0]{out};
    wait_for(sub { stream('sound')->{helpers}[0]{out} > $out + 20 }, 20,
        "Opus after takeover $n");
    ok(eval { wait_for(sub { !-e "/proc/$pid" }, 10, 'end') },
        "takeover $n: the former helper is gone");

    $pubs{"sound$n"} = $pub;
}

is(stream('sound')->{helpers}[0]{restarts}, 0, 'takeovers are no restarts');

# no room for another track

$pubs{few} = publish($t->rtmp('few/a'), audio => 48000, gop => 30);
$t->wait_log(qr/\[error\].*no room for helper "opus" of "few\/a"/);
wait_for(sub { (stream('a')->{tracks}[1]{frames} // 0) > 50 }, 20, 'stream');
pass('a stream without room for another track goes on');

###############################################################################

done_testing();

###############################################################################

sub stream {
    my ($name) = @_;

    my ($s) = grep { $_->{name} eq $name }
        @{$t->json('/status')->{streams}};
    return $s // {};
}


# the times of the frames of the newest track that were seen so far

sub frames {
    my ($name) = @_;

    for (split(/\n/, $t->get("/frames?app=live&name=$name")->{body})) {
        next unless /^F 15 (\d+) (-?\d+) (\d+) /;
        $seen{$name}{$1} = $2;
        $flags{$name}{$2} = $3;
    }

    my $f = $seen{$name} // {};
    return map { $f->{$_} } sort { $a <=> $b } keys %$f;
}
