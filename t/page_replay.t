#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The chat of the page behind live: it shows what was said at the picture that
# is seen, and what is said now when the viewer is live again.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Chat;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls http_live_chat /);
Test::NginxLive::Browser->need();

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; hls on;
             hls_path %%DIR%%/hls; hls_segment 1s; hls_target_duration 2s;
             hls_part 250ms; hls_window 60s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => <<"EOF")->start;
    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
    }

    server {
        listen 127.0.0.1:%%PORT_http%%;
        location /hls/ { live_hls; }
        location /chat/ { live_chat; live_chat_guests write;
                          live_chat_rate off; }
        location /status { live_status; }
        location / { root $root; }
    }
EOF

my $pub = publish($t->rtmp('live/a'), fps => 25, gop => 25);

my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
$c->join(name => 'Ann');

my $b = Test::NginxLive::Browser->new($t->url('/?stream=live/a'),
    seconds => 0, start => 60);
$b->event('started');
$b->wait_until('live.chat.me');

# something is said at a picture, and something much later

my $early = said('early');
$b->wait_until("live.player.engine.date() > $early->{ts} + 12000");
said('late');
$b->wait_until(shows('late'));
ok(!$b->eval('live.replay.on'), 'live');

# back to a second before it was said

$b->eval('live.video.currentTime -= (live.player.engine.date() '
    . "- $early->{ts}) / 1000 + 1, live.player.moved(), 1");
$b->wait_until('live.replay.on');
$b->wait_until(shows('early'));
cmp_ok($b->eval('live.player.engine.date()'), '>', $early->{ts} - 100,
    'not before it was said');
ok(!$b->eval(shows('late')), 'nothing of what was said later');
like($b->eval('document.querySelector("#chat-state").textContent'),
    qr/^As it was at/, 'and it is told so');

said('now');
$b->step('shot', $ENV{NGX_LIVE_SHOTS} . '/chat-past.png')
    if $ENV{NGX_LIVE_SHOTS};
ok(!$b->eval(shows('now')), 'nor of what is said now');

# live again

$b->eval('live.player.goLive(), 1');
$b->wait_until('!live.replay.on');
$b->wait_until('[...document.querySelectorAll("#chat-list span")]'
    . '.map((s) => s.textContent).join() === "early,late,now"');
pass('all of it, once');
is($b->eval('document.querySelector("#chat-state").textContent'), '',
    'live is not worth a word');

$b->finish;
$c->close;

done_testing();

###############################################################################


sub said {
    my ($text) = @_;
    $c->send(type => 'message', text => $text);
    return $c->wait('message', sub { $_[0]{text} eq $text });
}


sub shows {
    my ($text) = @_;
    return '[...document.querySelectorAll("#chat-list span")]'
           . ".some((s) => s.textContent === '$text')";
}

###############################################################################
