#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The page in a room of several nodes: Redis goes, which the page says, and what
# is said meanwhile is shown once when it is back, and can be deleted then.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Redis;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server openssl /);
Test::NginxLive::Browser->need();

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $redis = Test::NginxLive::Redis->new(args =>
    [ '--save', '', '--appendonly', 'yes', '--appendfsync', 'always' ])->start;

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(
    live => 'zone live 64m; node a; token_key ' . $keys->dir . ';
             redis unix:' . $redis->socket . ';
             redis_timeout 500ms; redis_connect_timeout 500ms;
             application live { play any; }',
    http => <<"EOT")->start;
    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
    }

    server {
        listen 127.0.0.1:%%PORT_http%% reuseport;
        location /chat/ { live_chat; live_chat_rate off; }
        location /status { live_status; }
        location /hls/ { return 404; }
        location / { root $root; }
    }
EOT

my $b = Test::NginxLive::Browser->new($t->url('/?stream=live/a&token='
    . $keys->token('HS256', sub => 'mona', stream => 'live/*',
    role => 'moderator')), seconds => 0, still => JSON::PP::true());
$b->event('started');
$b->wait_until('live.chat.state === "on" && live.chat.me', 60);
$b->wait_until('document.querySelector("#chat-scope").hidden');

said('of all nodes');

$redis->stop;
$b->wait_until('!document.querySelector("#chat-scope").hidden');
pass('cut off, and it is told so');
said('of this one');

$redis->start;
$b->wait_until('document.querySelector("#chat-scope").hidden');
pass('with the others again');
said('and more');

is($b->eval('[...document.querySelectorAll("#chat-list span")]'
    . '.map((s) => s.textContent).join()'), 'of all nodes,of this one,and more',
    'each once');

# all can be deleted by the ids that they have now

for my $text ('of this one', 'of all nodes') {
    $b->step('click', "#chat-list li:has-text('$text') > .more");
    $b->step('click', '#chat-list menu button:has-text("Delete")');
    $b->wait_until('![...document.querySelectorAll("#chat-list span")]'
        . ".some((s) => s.textContent === '$text')");
    pass("\"$text\" is gone");
}

my $r = $b->finish;
is_deeply($r->{log}{errors}, [], 'no errors');

done_testing();

###############################################################################

sub said {
    my ($text) = @_;
    $b->step('type', '#chat-text', $text);
    $b->step('click', '#chat-send');
    $b->wait_until('[...document.querySelectorAll("#chat-list span")]'
        . ".some((s) => s.textContent === '$text')");
}

###############################################################################
