#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Workers are killed and nginx is reloaded at any moment while clients come,
# publish, play, take streams over and go.  Whatever happens, the zone is
# empty afterwards.  LIVE_SEED repeats a run, LIVE_ROUNDS makes it longer.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ sleep /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame aac_config aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $rounds = $ENV{LIVE_ROUNDS} // 60;
my $seed = srand($ENV{LIVE_SEED} // int(rand(1 << 30)));
note("LIVE_SEED=$seed");

my $t = Test::NginxLive->new(
    live => 'zone live 16m; publish any; publish_conflict takeover;
             reconnect 1s; buffer 1s; buffer_size 1m;
             application live { }',
    stream => 'live_rtmp_flush 10ms; live_rtmp_send_timeout 2s;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; } }'
)->start;

$t->allow_log(qr/no memory for frames|exited on signal 9/);

my $zone = $t->json('/status')->{zone};
my @clients;
my ($kills, $reloads) = (0, 0);

for my $round (1 .. $rounds) {
    client() while @clients < 12;

    for (1 .. 20) {
        $_->{publisher} && media($_) for @clients;
    }

    my $dice = int(rand(10));

    if ($dice < 3) {
        my @pids = ($t->workers, $t->old_workers);
        kill('KILL', $pids[rand @pids]) if @pids;
        $kills++;

    } elsif ($dice == 3) {
        kill('HUP', $t->pid);
        $reloads++;

    } elsif ($dice == 4) {
        sleep(rand(0.3));
    }

    splice(@clients, rand @clients, 1)->close for 1 .. 1 + rand 3;

    eval { $t->json('/status') };
}

note("$kills kills, $reloads reloads");

$_->close for @clients;
@clients = ();

wait_for(sub { $t->workers == 2 && !$t->old_workers }, 20, 'the workers');

my $end = wait_for(sub {
    my $json = eval { $t->json('/status') } or return 0;
    $json->{zone}{streams} == 0 && $json->{zone}{sessions} == 0 && $json
}, 20, 'an empty zone');

is($end->{zone}{extents_free}, $zone->{extents_free}, 'all extents are free');
is_deeply($end->{streams}, [], 'no stream is left');

# and it works

my $pub = raw();
$pub->publish('live', 'after');
$pub->video(0, avc_config());
$pub->video(0, avc_frame(1));

for (1 .. 4) {
    my $p = raw();
    $p->play('live', 'after');
    ok($p->wait_message(sub { $_[0]{type} == 9 }), 'a player has a picture');
    $p->close;
}

$pub->close;

# the only crashes were ours

my @exits = $t->log_lines(qr/exited on signal/);
is(scalar(grep { !/exited on signal 9/ } @exits), 0, 'no worker crashed');

done_testing();

###############################################################################

sub raw {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'), timeout => 5);
}

# One that publishes or plays one of three streams, or has tried to.

sub client {
    my $c = raw();

    $c->{publisher} = rand() < 0.4;
    $c->{n} = 0;
    $c->{timeout} = 0.5;

    my $name = 'abc';
    $name = substr($name, rand(3), 1);

    eval {
        if ($c->{publisher}) {
            $c->publish('live', $name);
            $c->video(0, avc_config());
            $c->audio(0, aac_config()) if rand() < 0.5;

        } else {
            $c->play('live', $name);
        }
        1
    } or $c->{publisher} = 0;

    push @clients, $c;
}

sub media {
    my ($c) = @_;

    my $n = $c->{n}++;
    my $size = rand() < 0.1 ? 150000 : 2000;

    $c->video(33 * $n, avc_frame($n % 10 == 0, $size))
        && $c->audio(33 * $n, aac_frame())
        or $c->{publisher} = 0;
}

###############################################################################
