#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The wall clock is set, by an hour ahead and back: what is measured in time
# does not notice it.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media /;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any; reconnect 1m; publish_stale 1m;
             application live { }
             application brief { reconnect 3s; }
             application hls {
                 hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                 hls_target_duration 1s; hls_part 200ms; hls_window 10s;
             }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /hls/ { live_hls; }
                      location /status { live_status; } }'
);

my $lib = $t->path('clock.so');
my $res = run_command(timeout => 60, cmd => [ $ENV{CC} // 'cc', '-O1',
    '-fPIC', '-shared', '-o', $lib, "$FindBin::Bin/lib/Test/NginxLive/clock.c"
]);
plan(skip_all => "no compiler: $res->{err}") if $res->{rc};

set_clock(0);
$t->{env} = { LD_PRELOAD => $lib, LIVE_CLOCK => $t->path('clock') };
$t->start;

# the clock is really set, for nginx alone

my $real = time();
set_clock(3600);
my $date = wait_for(sub {
    my ($h) = $t->get('/status')->{headers}{date} =~ /(\d\d):\d\d:\d\d/;
    return $h != (gmtime($real))[2];
}, 5, 'the clock to be set');
ok($date, 'nginx sees another hour');
set_clock(0);

# HLS has to list the parts of three target durations, whatever the clock

my $pub = publish($t->rtmp('hls/a'), gop => 30);
my $hls = Test::NginxLive::HLS->new($t, 'hls/a');
$hls->multi;
my $list;
wait_for(sub {
    $list = $hls->list('v0');
    return with_parts($list) >= 3;
}, 30, 'segments with parts');

# a publisher that has just sent something, and streams that wait

my $first = publisher('live', 'a');
my $gone = publisher('live', 'b');
$gone->close;
my $brief = publisher('brief', 'a');
wait_state('live', 'b', 'waiting');
my $mark = $t->log_mark;
$brief->close;
wait_state('brief', 'a', 'waiting');

set_clock(3600);

is(try_publish('live', 'a'), 'NetStream.Publish.BadName',
    'a publisher is not stale because the clock was set');

my $msn = $list->{msn} + @{$list->{segments}};
wait_for(sub {
    $list = $hls->list('v0');
    return $list->{msn} + @{$list->{segments}} > $msn;
}, 10, 'another segment');
cmp_ok(with_parts($list), '>=', 3, 'parts are listed as before');
is_deeply($list->{errors}, [], 'in a playlist without an error');

$t->wait_log(qr{"brief/a" ended}, 10, $mark);
is(state('live', 'b'), 'waiting', 'a stream waits as long as it was told to');

# back: nothing waits for an hour

$brief = publisher('brief', 'b');
$mark = $t->log_mark;
$brief->close;
wait_state('brief', 'b', 'waiting');
set_clock(0);
ok($t->wait_log(qr{"brief/b" ended}, 15, $mark), 'and not longer');

my ($s) = grep { $_->{application} eq 'live' && $_->{name} eq 'a' }
    @{$t->json('/status')->{streams}};
cmp_ok($s->{uptime}, '<', 1800, 'uptime is without the hour');

done_testing();

###############################################################################

# Seconds by which nginx's wall clock is wrong, also while it runs.

sub set_clock {
    my ($seconds) = @_;

    open(my $fh, -f $t->path('clock') ? '+<' : '>', $t->path('clock')) or die;
    syswrite($fh, pack('q', $seconds));
    close($fh);
}


sub with_parts {
    my ($list) = @_;

    return scalar grep { $_->{uri} && @{$_->{parts} // []} }
        @{$list->{segments}};
}


sub publisher {
    my ($app, $name) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->publish($app, $name);
    $c->video(0, avc_config());
    $c->video(40, avc_frame(1, 200));

    return $c;
}


sub try_publish {
    my ($app, $name) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->handshake;
    $c->connect_app($app);
    $c->command($c->create_stream, 'publish', 0, undef, str($name), 'live');

    return $c->status->{code};
}


sub state {
    my ($app, $name) = @_;

    my ($s) = grep { $_->{application} eq $app && $_->{name} eq $name }
        @{$t->json('/status')->{streams}};

    return $s ? $s->{state} : 'none';
}


sub wait_state {
    my ($app, $name, $state) = @_;

    wait_for(sub { state($app, $name) eq $state }, 10, "$app/$name $state");
}
