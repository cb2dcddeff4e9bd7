#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What the viewer sees of an operator's day: nothing of reloads, and of the
# death of the publisher's worker, of an encoder that is cut off and of a
# restart of nginx no more than a pause that ends by itself.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Load;

###############################################################################

Test::NginxLive->need('live', 'live_rtmp', 'live_hls');
Test::NginxLive::Browser->need();

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(live => <<'EOF',
    zone live 128m;

    application live {
        publish    any;
        reconnect  60s;
        hls        on;
        hls_path   %%DIR%%/hls;
    }
EOF
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => <<"EOF");
    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
    }

    server {
        listen 127.0.0.1:%%PORT_http%%;
        listen 127.0.0.1:%%PORT_https%% ssl http2;

        ssl_certificate      %%CERT%%;
        ssl_certificate_key  %%KEY%%;

        location /hls/ { live_hls; }
        location /status { live_status; }
        location / { root $root; }
    }
EOF

$t->start;

my ($encoder, $b);


sub encode {
    $encoder = publish($t->rtmp('live/a'), burned_clock(320, 180));
}


sub stream { $t->json('/status')->{streams}[0] }

sub stalls { $b->eval('live.stalls.count') }


# Starts the encoder again until it stays, as those that reconnect do.

sub reconnect {
    $encoder->wait(10);

    wait_for(sub {
        encode() unless $encoder->alive;
        my $s = eval { stream() };
        return $s && $s->{state} eq 'live';
    }, 20, 'the encoder to be back');
}


# The local port of the encoder's connection.

sub local_port {
    my ($proc) = @_;

    my %inodes = map { (readlink($_) // '') =~ /^socket:\[(\d+)\]/
        ? ($1 => 1) : () } glob('/proc/' . $proc->pid . '/fd/*');

    for my $line (split(/\n/, slurp('/proc/net/tcp'))) {
        my @f = split(' ', $line);
        next unless @f > 9 && $inodes{$f[9]};
        return hex($1) if $f[1] =~ /:([0-9A-F]{4})$/;
    }

    return 0;
}


# Seconds of picture that go by with the picture at the live edge.

sub plays_on {
    my ($name, $seconds) = @_;

    my $ok = eval {
        $b->wait_until('live.player.state === "playing" && !live.stalls.since'
            . ' && live.video.readyState > 2 && live.player.latency() < 4',
            40);

        my $time = $b->eval('live.video.currentTime');
        $b->wait_until('live.video.currentTime > ' . ($time + $seconds), 20);
        1
    };

    ok($ok, $name) or diag($@, explain($b->step('words')));
}

###############################################################################

encode();
wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = stream()->{session};

$b = Test::NginxLive::Browser->new(
    'https://127.0.0.1:' . $t->port('https') . '/?stream=live/a', seconds => 0);
$b->event('started');
plays_on('plays', 2);

my ($before, $stalls, $why);

for (1 .. 3) {
    my $load = Test::NginxLive::Load->new;

    $before = stalls();

    for my $n (1 .. 4) {
        $t->reload;
        plays_on("plays on, reload $n", 2);
    }

    $load->stop;
    $stalls = stalls() - $before;
    $why = $stalls ? $load->disturbed : undef;

    last unless $why;
    diag("$stalls stalls: $why");
}

SKIP: {
    skip($why, 1) if $why;
    is($stalls, 0, 'no stall by reloads');
}

###############################################################################

# the encoder is cut off

my $load = Test::NginxLive::Load->new;

$before = stalls();
$encoder->kill;
wait_for(sub { stream()->{state} eq 'waiting' }, 10, 'stream to wait');
$b->wait_until('live.stalls.since > 0');
ok(eval { $b->wait_until('live.player.away') },
    'the playlist says that the encoder is away') or diag($@);
reconnect();
plays_on('plays on, encoder cut off and back', 3);
is(stream()->{session}, $session, 'in the same session');

$load->stop;
$stalls = stalls() - $before;
$why = $stalls > 2 ? $load->disturbed : undef;

SKIP: {
    skip($why, 1) if $why;
    cmp_ok($stalls, '<=', 2, 'a pause, not a stutter');
}

###############################################################################

# the publisher's worker dies

my $pid = wait_for(sub { $t->worker_of_port(local_port($encoder)) }, 5,
    "the publisher's worker");

$t->kill_worker($pid);
reconnect();
plays_on('plays on, worker killed', 3);
is(stream()->{session}, $session, 'in the same session');

###############################################################################

# nginx is restarted; the encoder comes back, the page by itself

$encoder->stop;
$t->stop;
$t->start;
reconnect();
plays_on('plays on, nginx restarted', 3);
is(stream()->{session}, $session, 'in the same session');

###############################################################################

# a player that starts while the last segments are gaps, also in a playlist
# that the browser has kept for a second

$encoder->kill;
wait_for(sub {
    my @end = split(/-DATE-TIME:/,
        $t->get("/hls/live/a/$session/v0.m3u8")->{body});
    return 2 == grep { /-GAP\n/ && !/-DISC/ } @end[-2, -1];
}, 15, 'gaps');

# what it says until then is kept

$b->eval('self.said = [], new MutationObserver(() => self.said.push('
    . 'live.player.state + ": " + document.getElementById("message")'
    . '.innerText)).observe(document.getElementById("message"),'
    . ' { subtree: true, childList: true, attributes: true }), 1');
$b->eval('live.player.close(), live.player.state = "idle",'
    . ' live.player.start(), 1');
ok(eval {
    $b->wait_until('document.getElementById("message-title").textContent'
        . ' === "The publisher is away"')
}, 'starts in a gap')
    or diag($@, explain($b->eval('self.said'), $b->step('words')));
isnt($b->eval('live.player.state'), 'playing',
    'and does not play what was before it');

reconnect();
plays_on('and plays when the encoder is back', 3);

###############################################################################

my $r = $b->finish();

is_deeply($r->{log}{errors}, [], 'no script failed');
diag("stalls: $r->{page}{stalls}, $r->{page}{figures}{Stalls}");

###############################################################################

done_testing();
