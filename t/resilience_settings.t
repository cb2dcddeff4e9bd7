#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Settings change by reloads while a stream runs and its encoder comes and
# goes: what players were told at first stays true to the end, and an end is
# an end.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Viewer qw/ lists_wrong /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => live('hls on; hls_segment 1s; hls_target_duration 2s;
                  hls_part 200ms; hls_window 60s;'),
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 15);

wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = stream()->{session};
my %hls = map { $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_) }
    qw/ v0 a1 /;

# other constants: those of the session stay

$t->set(live => live('hls on; hls_segment 2s; hls_target_duration 4s;
                      hls_part 500ms; hls_window 30s; hls_path %%DIR%%/new;'))
    ->reload;

back();

is(stream()->{hls}{target_duration}, 2, 'the target duration stays');
is(stream()->{hls}{part_target_us}, 200000, 'so does PART-TARGET');
is(stream()->{session}, $session, 'in the same session');

for my $track (sort keys %hls) {
    my $v = $hls{$track};
    my @lists = $v->events('playlist');

    is(lists_wrong(@lists), '', "$track: playlists only go on");
    is(join(' ', map { "$_->{uri}: $_->{status}" }
            grep { $_->{status} != 200 && !$_->{gap} }
            @lists, $v->events('part')), '', "$track: no request failed");

    my @heads = map { head($_->{body}) } @lists;
    is(scalar(grep { $_ ne $heads[0] } @heads), 0,
        "$track: always the same constants");

    my $pl = $v->list;
    is(scalar(grep { $_->{duration} > 2.5 } @{$pl->{segments}}), 0,
        "$track: no segment is longer than it was said");
    is(scalar(grep { $_->{duration} > $pl->{part_target} + 0.000001 }
              @{$pl->{parts}}), 0, "$track: nor is a part");
}

# none: it ends, and does not begin again

$t->set(live => live('hls off;'))->reload;
$pub->stop;
$pub = publish($t->rtmp('live/a'), gop => 15);

for my $track (sort keys %hls) {
    wait_for(sub { $hls{$track}->ended }, 15, "the end of $track");
    is($hls{$track}->ended, 'ENDLIST', "$track: ends");
}

my $end = $t->get("/hls/live/a/$session/v0.m3u8")->{body};

like($end, qr/#EXT-X-ENDLIST\n$/, 'the last playlist');

$t->set(live => live('hls on;'))->reload;

my $count = stream()->{publisher}{count};

$pub->stop;
$pub = publish($t->rtmp('live/a'), gop => 15);

wait_for(sub { stream()->{publisher}{count} > $count
               && stream()->{tracks}[0]{frames} > 400 }, 20, 'frames');

is($t->get("/hls/live/a/$session/v0.m3u8")->{body}, $end,
    'what has ended does not go on');

# until the stream ends

$pub->stop;
wait_for(sub { !stream()->{session} }, 15, 'the end of the stream');

$pub = publish($t->rtmp('live/a'), gop => 15);
wait_for(sub { (stream()->{hls}{renditions}[0]{next} // 0) > 0 }, 20,
    'the next session');

isnt(stream()->{hls}{session}, $session, 'the next one has HLS again');

done_testing();

###############################################################################

sub live {
    my ($settings) = @_;

    my $path = $settings =~ /hls_path/ ? '' : 'hls_path %%DIR%%/hls;';

    return "zone live 64m; application live { publish any; reconnect 4s;
            $path $settings }";
}


sub stream { $t->json('/status')->{streams}[0] // {} }


# What must not change.

sub head {
    my ($text) = @_;

    return join("\n", grep { /^#EXT-X-(?:TARGETD|PART-INF|SERVER-CONTROL)/ }
        split(/\n/, $text));
}


# The encoder goes and comes back, to a new worker.

sub back {
    my $next = stream()->{hls}{renditions}[0]{next};

    $pub->stop;
    $pub = publish($t->rtmp('live/a'), gop => 15);

    wait_for(sub {
        my $pl = $hls{v0}->list;
        my ($d) = grep { $_->{discont} && $_->{msn} >= $next }
            @{$pl->{segments}};
        $d && $pl->{next} > $d->{msn} + 2;
    }, 20, 'segments of the encoder that is back');
}
