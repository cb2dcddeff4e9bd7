#!/usr/bin/perl

# Copyright (C) nginx-live authors

# live_drain: after a reload the encoders are sent from the old workers to the
# new ones, one after the other, each continues its stream, and the old workers
# go.  One that does not come back ends as any other.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Viewer qw/ lists_wrong discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $live = 'zone live 64m; live_drain %DRAIN%;
            application live {
                publish any; reconnect 4s;
                hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                hls_target_duration 2s; hls_part 200ms; hls_window 60s;
            }';

my $t = Test::NginxLive->new(
    live => $live =~ s/%DRAIN%/2s/r,
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

# encoders that reconnect, but for the last one, and read a file

my $file = $t->path('source.flv');

run_command(cmd => [ 'ffmpeg', encoder_args(gop => 15, duration => 8,
    realtime => 0), '-y', '-f', 'flv', $file ]);

my @names = qw/ a b c d /;
my %encoder = map { $_ => encoder($_) } @names, 'once';

wait_for(sub {
    my $s = streams();
    5 == grep { $_->{hls} && @{$_->{hls}{renditions}}
                && $_->{hls}{renditions}[0]{next} } values %$s;
}, 20, 'streams');

my $before = streams();
my %old = map { $_ => 1 } $t->workers;

my $mark = $t->log_mark;
$t->reload;

my %new = map { $_ => 1 } $t->workers;

# players of the new workers; nothing but encoders keeps the old ones

my %players = map {
    my $door = $_;
    map { ("$door $_" => Test::NginxLive::Viewer->$door($t, "live/$_")) } @names
} qw/ rtmp flv /;

my %hls = map {
    $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_,
        session => $before->{a}{session})
} qw/ v0 a1 /;

wait_for(sub { !$t->old_workers }, 30, 'the old workers to go');
pass('old workers go');

$t->wait_log(qr/"live\/$_" continues/, 10, $mark) for @names;

# who was sent away, when, by whom; and who took it

my (%drained, %continued);

for my $line ($t->log_lines(qr/live stream "live\/\w+" (?:is drained|cont)/,
                            $mark))
{
    my ($h, $m, $s, $pid, $name, $what) = $line =~
        m{ (\d+):(\d+):(\d+) \[notice\] (\d+)#.*"live/(\w+)" (is|continues)};

    my $list = $what eq 'is' ? \%drained : \%continued;

    push @{$list->{$name}},
        { time => ($h * 60 + $m) * 60 + $s, pid => $pid };
}

is(join(' ', map { scalar(@{$drained{$_} // []}) } @names, 'once'),
    '1 1 1 1 1', 'each encoder is sent away once');
is(join(' ', map { scalar(@{$continued{$_} // []}) } @names), '1 1 1 1',
    'those that come back continue');
is(scalar(grep { !$old{$_->[0]{pid}} } values %drained), 0, 'by old workers');
is(scalar(grep { !$new{$_->[0]{pid}} } values %continued), 0,
    'in new ones');

my (%at, @soon);

for my $d (sort { $a->{time} <=> $b->{time} } map { $_->[0] } values %drained) {
    my $pid = $d->{pid};

    push @soon, $d->{time} - $at{$pid}
        if defined $at{$pid} && $d->{time} - $at{$pid} < 2;
    $at{$pid} = $d->{time};
}

is("@soon", '', 'one by one in each worker');

# players go on

for my $name (sort keys %players) {
    my $v = $players{$name};

    wait_for(sub {
        my @f = $v->frames('video');
        my ($i) = grep { $f[$_]{time} - $f[$_ - 1]{time} > 45 } 1 .. $#f;
        $i && $#f > $i + 30;
    }, 10, "$name to go on");

    ok($v->alive, "$name: is still there");
    my @f = $v->frames('video');
    is(scalar(grep { $f[$_]{time} <= $f[$_ - 1]{time} } 1 .. $#f), 0,
        "$name: time goes on");
}

my %discont;

for my $track (sort keys %hls) {
    my $v = $hls{$track};

    wait_for(sub {
        my $pl = $v->list;
        my ($d) = grep { $_->{discont} } @{$pl->{segments}};
        $d && $pl->{next} > $d->{msn} + 1;
    }, 15, "$track to go on");

    my @lists = $v->events('playlist');

    is(join(' ', map { "$_->{uri}: $_->{status}" }
            grep { $_->{status} != 200 && !$_->{gap} }
            @lists, $v->events('part')), '', "$track: no request failed");
    is(lists_wrong(@lists), '', "$track: playlists only go on");

    $discont{$track} = join(' ', discontinuities(@lists));
    like($discont{$track}, qr/^\d+$/, "$track: one discontinuity");
}

is($discont{a1}, $discont{v0}, 'at the same segment');

my $after = streams();

for my $name (@names) {
    is($after->{$name}{session}, $before->{$name}{session},
        "$name: the same session");
    is($after->{$name}{publisher}{count}, 2, "$name: has come back once");
    ok($new{owner($name)}, "$name: is in a new worker");
}

wait_for(sub { !streams()->{once} }, 10, 'the end of the one that is away');
pass('the one that did not come back has ended');

# without live_drain they stay, also with workers that were started with it

$mark = $t->log_mark;
$t->set(live => $live =~ s/%DRAIN%/0/r)->reload;

my $frames = $players{'rtmp a'}->frames('video') + 90;
wait_for(sub { $players{'rtmp a'}->frames('video') > $frames }, 10, 'frames');

is(scalar($t->log_lines(qr/is drained/, $mark)), 0,
    'nobody is sent away by what is not configured any more');
cmp_ok(scalar($t->old_workers), '>=', 1, 'old workers stay');

# and go when it is configured again

$t->set(live => $live =~ s/%DRAIN%/100ms/r)->reload;

$t->wait_log(qr/"live\/$_" is drained/, 10, $mark) for @names;
pass('all are sent away when it is configured again');

$_->kill for values %encoder;

done_testing();

###############################################################################

sub encoder {
    my ($name) = @_;

    my @args = (encoder_args(file => $file, loop => 1), '-f', 'flv',
                $t->rtmp("live/$name"));

    return spawn(cmd => [ 'ffmpeg', @args ]) if $name eq 'once';
    return spawn(cmd => [ 'sh', '-c',
        'while :; do ffmpeg "$@"; sleep 0.1; done', 'sh', @args ]);
}


sub streams {
    return { map { $_->{name} => $_ } @{$t->json('/status')->{streams}} };
}


# The worker in which it was published last.

sub owner {
    my ($name) = @_;

    my ($line) = reverse $t->log_lines(qr/"live\/$name" (?:started|cont)/);
    return $line =~ /\[notice\] (\d+)#/ ? $1 : 0;
}
