#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The chat of the page: two viewers and a moderator, by WebSocket and, where
# the network lets nothing else through, by events and by polling; what was
# missed while a connection was lost is there afterwards.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Chat;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);
Test::NginxLive::Browser->need();

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(
    live => 'zone live 64m; token_key ' . $keys->dir . '; application live { }',
    http => <<"EOF")->start;
    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
    }

    live_chat_guests write;
    live_chat_rate   off;

    server {
        listen 127.0.0.1:%%PORT_http%% reuseport;
        location /chat/ { live_chat; }
        location /status { live_status; }
        location / { root $root; }
    }

    # networks that let less through

    server {
        listen 127.0.0.1:%%PORT_events%%;
        location /chat/ {
            if (\$http_upgrade) { return 502; }
            live_chat;
        }
        location / { root $root; }
    }

    server {
        listen 127.0.0.1:%%PORT_poll%%;
        location /chat/ {
            if (\$http_upgrade) { return 502; }
            if (\$http_accept ~ event-stream) { return 502; }
            live_chat;
        }
        location / { root $root; }
    }

    server {
        listen 127.0.0.1:%%PORT_none%%;
        location / { root $root; }
    }
EOF

my $token = $keys->token('HS256', sub => 'mona', stream => 'live/*',
    role => 'moderator');

my $a = browser('http', '', width => 360, height => 740,
    mobile => JSON::PP::true());
my $mod = browser('http', "&token=$token");

ok($a->eval('live.chat.me.role === "guest" && !live.chat.moderates'),
    'a guest');
ok($mod->eval('live.chat.me.id === "mona" && live.chat.moderates'),
    'a moderator');

# slow mode

my $tool = Test::NginxLive::Chat->new($t, "/chat/live/a?token=$token");
$tool->join;
$tool->send(type => 'moderate', action => 'slow', seconds => 600);
$a->step('wait', 'live.chat.slow === 600');
say_there($a, 'in slow mode');
$a->step('wait', '/^[56]\d\d s$/.test(document.querySelector("#chat-send")'
    . '.textContent)');
$tool->send(type => 'moderate', action => 'slow', seconds => 0);
$a->step('wait', 'document.querySelector("#chat-send").textContent === "Send"');
pass('a countdown until one may write again');

# what one says the other hears

$a->step('type', '#chat-name', 'Anna');
$a->step('key', 'Tab');
$a->step('wait', 'live.chat.me.name === "Anna"');
my $hello = "Hello <b>all</b> \x{1F600}";
say_there($a, $hello);

hears($_, $hello) for $a, $mod;
is($mod->eval('document.querySelector("#chat-list li:last-child b")'
    . '.textContent'), 'Anna', 'and who said it');

$mod->step('click', '#chat-kinds button');
$a->step('wait', '/ 1$/.test(document.querySelector("#chat-sums")'
    . '.textContent)');
pass('a reaction');

# moderation

hears($mod, 'in slow mode');
$mod->step('click', '#chat-list li:has-text("Hello") > button');
$mod->step('shot', $ENV{NGX_LIVE_SHOTS} . '/chat-menu.png')
    if $ENV{NGX_LIVE_SHOTS};
$mod->step('click', '#chat-list menu button:has-text("Delete")');
gone($_, 'Hello') for $a, $mod;

$mod->step('click', '#chat-list li:has-text("slow mode") > button');
$mod->step('click', '#chat-list menu button:has-text("Pin")');
$a->step('wait', '!document.querySelector("#chat-pinned").hidden');
is($a->eval('document.querySelector("#pinned-text").textContent'),
    'in slow mode', 'pinned');

# a worker dies, and the network goes: nothing is missed, nothing is twice

$tool->send(type => 'message', text => "number $_") for 1 .. 3;
$tool->wait('message', sub { $_[0]{text} eq 'number 3' });

$a->step('offline', JSON::PP::true());
$a->eval('live.chat.room.ws.close()');
$a->step('wait', 'live.chat.state === "off"');
$tool->send(type => 'message', text => "number $_") for 4 .. 6;
$tool->wait('message', sub { $_[0]{text} eq 'number 6' });
$a->step('offline', JSON::PP::false());
$a->step('wait', 'live.chat.state === "on"', 40);

hears($a, 'number 6');
is($a->eval('[...document.querySelectorAll("#chat-list span")]'
    . '.map((s) => s.textContent).filter((s) => /number/.test(s)).join()'),
    join(',', map { "number $_" } 1 .. 6), 'all of it, once');

$a->step('shot', $ENV{NGX_LIVE_SHOTS} . '/chat.png') if $ENV{NGX_LIVE_SHOTS};
my $r = $a->finish;
ok(!$r->{page}{overflow}, 'nothing sticks out on a phone');

# where WebSockets do not get through, and where events do not either

for my $port (qw/ events poll /) {
    my $b = browser($port, '');

    is($b->eval('["websocket", "events", "poll"][live.chat.room.transport]'),
        $port, "by $port");
    hears($b, 'number 6');
    $tool->send(type => 'message', text => "for $port");
    hears($b, "for $port");
    say_there($b, "from $port");
    $tool->wait('message', sub { $_[0]{text} eq "from $port" });
    hears($b, "from $port");
    $b->finish;
}

# no chat, no panel

my $b = Test::NginxLive::Browser->new($t->url('/?stream=live/a', 'none'),
    seconds => 0, still => JSON::PP::true());
$b->event('started');
$b->step('wait', 'live.chat.state === "absent"', 40);
ok($b->eval('document.querySelector("#chat").hidden'), 'no chat, no panel');
$b->finish;

$mod->finish;
$tool->close;

done_testing();

###############################################################################

sub browser {
    my ($port, $args, %opt) = @_;

    my $b = Test::NginxLive::Browser->new(
        $t->url("/?stream=live/a$args", $port), seconds => 0,
        still => JSON::PP::true(), %opt);
    $b->event('started');
    $b->step('wait', 'live.chat.state === "on" && live.chat.me', 60);
    return $b;
}


sub say_there {
    my ($b, $words) = @_;
    $b->step('type', '#chat-text', $words);
    $b->step('click', '#chat-send');
}


sub hears {
    my ($b, $words) = @_;
    my $json = JSON::PP->new->allow_nonref->ascii->encode($words);
    $b->step('wait', '[...document.querySelectorAll("#chat-list span")]'
        . ".some((s) => s.textContent === $json)", 30);
    pass('it is seen');
}


sub gone {
    my ($b, $words) = @_;
    $b->step('wait', '![...document.querySelectorAll("#chat-list li")]'
        . ".some((s) => s.textContent.includes('$words'))", 30);
    pass("$words is gone");
}

###############################################################################
