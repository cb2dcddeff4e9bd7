#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Two nodes with one Redis: what is revoked at one is revoked at the other
# within a second, what runs there is closed; also what was revoked while a
# node was away, or Redis, or by the tool at Redis itself.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive::Redis;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv
    ngx_http_live_token_module ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server openssl /);

my $redis = Test::NginxLive::Redis->new->start;
my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my ($a, $b) = map { node($_) } qw/ a b /;
my @pub = map { publisher($_) } $a, $b;

is(status($_, token('alice')), 200, 'a good token') for $a, $b;

# from one node to the other

my $token = token('alice');
my $rtmp = player($b, $token);
my $flv = $b->client;
is($flv->request("/flv/live/a.flv?token=$token")->response(stream => 1)
   ->{status}, 200, 'FLV at the other node');

revoke($a->url('/revoke'), 'sub', 'alice');
my $watch = watch();

ok($rtmp->closed(5), 'RTMP at the other node is closed');
ok($flv->closed(5), 'FLV, too');
cmp_ok($watch->(), '<', 1 * factor(), 'within a second');

is(status($_, $token), 403, 'and refused') for $a, $b;
is(status($_, token('bob')), 200, 'another one is not') for $a, $b;

# at Redis itself, by jti and by stream

$token = token('carol', jti => 'j1');
is(status($b, $token), 200, 'a token with a name');
revoke('redis:' . $redis->address, 'jti', 'j1');
refused($_, $token, 'by its name') for $a, $b;

revoke('redis:' . $redis->address, 'stream', 'live/a');
refused($_, token('dan', claims => '{"iat":' . (time() - 100 | 0) . '}'),
    'by the stream') for $a, $b;

ok($_->closed(5), 'which ends publishers, too') for splice(@pub);

# taken back

revoke('redis:' . $redis->address, 'jti', 'j1', '--undo');
revoke($b->url('/revoke'), 'stream', 'live/a', '--undo');
push @pub, map { publisher($_) } $a, $b;
allowed($_, $token, 'taken back') for $a, $b;

# a node that was away

pop(@pub)->close;
$b->stop;
revoke($a->url('/revoke'), 'sub', 'erin');
revoke($a->url('/revoke'), 'sub', 'frank', '--for', '1s');

$b->start;
push @pub, publisher($b);
refused($b, token('erin', claims => '{"iat":' . (time() - 100 | 0) . '}'),
    'revoked while it was away');
allowed($b, token('grace'), 'others are not');

# Redis was away

my $back_again = token('ivan', claims => '{"iat":' . (time() - 100 | 0) . '}');
revoke($a->url('/revoke'), 'sub', 'ivan');
refused($_, $back_again, 'one who is revoked') for $a, $b;

$redis->stop;
$token = token('heidi', claims => '{"iat":' . (time() - 100 | 0) . '}');
is(status($_, $token), 200, 'without Redis tokens are as good') for $a, $b;
revoke($a->url('/revoke'), 'sub', 'heidi');
is(status($a, $token), 403, 'and revoked at the node that is told');
$a->wait_log(qr/\[warn\].*Redis will be told of a revocation later/);

my $mark = $a->log_mark;
revoke($a->url('/revoke'), 'sub', 'ivan', '--undo');
is(status($a, $back_again), 200, 'taken back at the node that is told');
is(status($b, $back_again), 403, 'and not at the other');
$a->wait_log(qr/\[warn\].*Redis will be told of a revocation later/, 20,
    $mark);

$redis->start;
my $back = watch();
wait_for(sub { eval { $redis->command('PING') } }, 10, 'Redis');

refused($b, $token, 'and at the other when it is back');
cmp_ok($back->(), '<', 5 * factor(), 'within five seconds');
allowed($b, $back_again, 'what was taken back, too');
is(status($a, $back_again), 200, 'and it stays so');

# it may be revoked again

revoke($b->url('/revoke'), 'sub', 'ivan');
refused($_, $back_again, 'revoked again') for $a, $b;
revoke($b->url('/revoke'), 'sub', 'ivan', '--undo');
allowed($_, $back_again, 'and taken back') for $a, $b;

# Redis has lost its memory

sub told {
    return join(' ', sort map { /^sub \d+ (.*)/ } @{
        $redis->command('ZRANGE', 'nl:revoked', 0, -1)});
}

wait_for(sub { told() eq 'alice erin heidi' }, 10, 'all that was revoked');
pass('it is told of all that was revoked');

$redis->command('DEL', 'nl:revoked');
$redis->command('CLIENT', 'KILL', 'TYPE', 'pubsub');
wait_for(sub { told() eq 'alice erin heidi' }, 10, 'all that was revoked');
pass('again');

$_->close for @pub;

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 16m; token_key $dir/keys;
                 redis @{[ $redis->address ]};
                 application live { publish any; play token; }",
        stream => 'live_rtmp_flush 10ms;
                   server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
        http => 'server { listen 127.0.0.1:%%PORT_http%%;
                 location /flv/ { live_flv; }
                 location /revoke { live_revoke; }
                 location /status { live_status; } }'
    )->start;
}


sub publisher {
    my ($t) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->publish('live', 'a');
    $c->video(0, avc_config());
    $c->video(0, avc_frame(1));

    return $c;
}


sub player {
    my ($t, $token) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->play('live', "a?token=$token");
    $c->wait_message(sub { $_[0]{type} == 9 });

    return $c;
}


sub token {
    my ($sub, %opt) = @_;
    return $keys->token('HS256', sub => $sub, stream => 'live/*', %opt);
}


sub revoke { Test::NginxLive::Token::tool('revoke', @_) }


sub status {
    my ($t, $token) = @_;

    my $c = $t->client;
    my $r = $c->request("/flv/live/a.flv?token=$token")
        ->response(stream => 1);
    $c->close;

    return $r->{status};
}


sub refused {
    my ($t, $token, $name) = @_;
    ok(wait_for(sub { status($t, $token) == 403 }, 10, $name), $name);
}


sub allowed {
    my ($t, $token, $name) = @_;
    ok(wait_for(sub { status($t, $token) == 200 }, 10, $name), $name);
}
