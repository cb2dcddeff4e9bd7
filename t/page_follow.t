#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The page follows a stream through its life: opened before the stream is
# there, behind by the viewer's wish and live again, its encoder cut off and
# back, its end and the next session.

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
        reconnect  8s;
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

        location /hls/ { live_hls; }
        location /status { live_status; }
        location / { root $root; }
    }
EOF

$t->start;


# The next step's result, by its number, from 1.

sub step {
    my ($b, $n, $timeout) = @_;
    return $b->event('step', $timeout // 60, $n);
}

my $hidden = 'document.getElementById("live").hidden';
my $title = 'document.getElementById("message-title").textContent';

###############################################################################

# before the stream is there; the steps begin with the first picture

my $b = Test::NginxLive::Browser->new($t->url('/?stream=live/a'),
    seconds => 0, start => 60, steps => [
        # behind by pausing, and live again
        [ 'eval', $hidden ],
        [ 'key', 'k' ],
        [ 'wait', 'live.video.paused' ],
        [ 'wait', 'live.player.latency() > 7' ],
        [ 'key', 'k' ],
        [ 'wait', "!live.video.paused && !$hidden" ],
        [ 'eval', 'live.player.latency()' ],
        [ 'click', '#live' ],
        [ 'wait', "$hidden && live.player.latency() < 3" ],
        # sound and keys
        [ 'click', '#tap-sound' ],
        [ 'eval', '!live.video.muted' ],
        [ 'key', 'm' ],
        [ 'eval', 'live.video.muted' ],
        [ 'eval', 'live.stalls.count' ],
        # the encoder goes and comes back
        [ 'wait', "$title === 'The publisher is away'", 30 ],
        [ 'wait', "$title === '' && live.player.state === 'playing'"
                  . ' && live.player.latency() < 5', 30 ],
        # it goes for good
        [ 'wait', "live.player.state === 'ended'", 60 ],
        [ 'words' ],
        # and begins anew
        [ 'wait', 'live.player.state === "playing"'
                  . ' && live.video.readyState > 2'
                  . ' && live.player.latency() < 5', 40 ],
        [ 'words' ]
    ]);

wait_for(sub { grep(/nope|index\.m3u8.* 404 /, slurp($t->path('access.log'))) },
    30, 'the page to ask in vain');

my $enc = publish($t->rtmp('live/a'));

my $load = Test::NginxLive::Load->new;

ok($b->event('started', 60), 'starts by itself when the stream does');

ok(step($b, 1)->{value}, 'no button while live');
ok(step($b, 6, 90)->{ok}, 'a button when more than 5 s behind');
cmp_ok(step($b, 7)->{value}, '>', 5, 'seconds behind');
ok(step($b, 9)->{ok}, 'the button leads back to live');
ok(step($b, 11)->{value}, 'sound by a tap');
ok(step($b, 13)->{value}, 'silence by a key');

my $stalls = step($b, 14)->{value};
my $why = $stalls ? $load->stop->disturbed : undef;

SKIP: {
    skip($why, 1) if $why;
    is($stalls, 0, 'none of that was a stall');
}

$load->stop;

my $session = $t->json('/status')->{streams}[0]{session};

$enc->kill;
ok(step($b, 15)->{ok}, 'says that the publisher is away');

$enc = publish($t->rtmp('live/a'));
ok(step($b, 16)->{ok}, 'plays on when it is back');
is($t->json('/status')->{streams}[0]{session}, $session,
    'in the same session');

$enc->stop;
ok(step($b, 17, 90)->{ok}, 'says that the stream has ended');
is(step($b, 18)->{value}{message}, 'The stream has ended', 'in words');

$enc = publish($t->rtmp('live/a'));
ok(step($b, 19, 60)->{ok}, 'plays the next session');

my $r = $b->finish();

is_deeply($r->{log}{errors}, [], 'no script failed');
is(grep(!$_->{ok}, @{$r->{results} // []}), 0, 'all steps done')
    or diag(explain([ grep { !$_->{ok} } @{$r->{results}} ]));

###############################################################################

done_testing();
