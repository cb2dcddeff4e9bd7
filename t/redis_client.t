#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Commands, scripts and subscriptions of the workers; a Redis that is
# restarted, frozen, wants another password or is not there.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live live_test /);
Test::NginxLive->need_program(qw/ redis-server /);

my $redis = Test::NginxLive::Redis->new->start;

my $t = Test::NginxLive->new(
    live => "zone live 8m; redis @{[ $redis->address ]} db=2;
             redis_timeout 500ms; redis_connect_timeout 500ms;
             redis_keepalive 500ms; redis_queue 100;
             application live { publish any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /redis { live_test_redis; }
             location /status { live_status; } }'
)->start;


# what a worker says, the one with this pid if given

my %clients;

sub ask {
    my ($args, $pid) = @_;

    my $c = $pid ? $clients{$pid} //= client_of($pid) : $t->client;
    my $r = $c->get("/redis?$args");

    return JSON::PP::decode_json($r->{body});
}

sub client_of {
    my ($pid) = @_;

    return wait_for(sub {
        my $c = $t->client;
        my $r = JSON::PP::decode_json($c->get('/redis')->{body});
        $r->{pid} == $pid ? $c : undef
    }, 10, "worker $pid");
}

sub all_up {
    my ($up) = @_;

    for my $pid ($t->workers) {
        wait_for(sub { !ask('', $pid)->{up} == !$up }, 20,
            "$pid to be " . ($up ? 'up' : 'down'));
    }
}


all_up(1);

# commands

my $r = ask('cmd=SET,foo,bar');
is($r->{reply}, 'OK', 'SET');
is(ask('cmd=GET,foo')->{reply}, 'bar', 'GET');
is(ask('cmd=GET,none')->{reply}, JSON::PP::false, 'nil');
is(ask('cmd=INCR,n')->{reply}, 1, 'integer');
is_deeply(ask('cmd=MGET,foo,none,n')->{reply}, [ 'bar', JSON::PP::false, '1' ],
    'array');
is_deeply(ask('cmd=GEOPOS,none,a')->{reply}, [ JSON::PP::false ], 'nil in it');
is_deeply(ask('cmd=COMMAND,INFO,GET')->{reply}[0][2], [ 'readonly', 'fast' ],
    'array of arrays');

$r = ask('cmd=INCR,foo');
is($r->{errors}, 1, 'error');
like($r->{reply}, qr/^ERR value is not an integer/, 'its text');
is($r->{fault}, 0, 'it is an answer');

$redis->command('SELECT', 2);
is($redis->command('GET', 'foo'), 'bar', 'the database');

for my $pid ($t->workers) {
    is(ask('cmd=PING', $pid)->{reply}, 'PONG', 'a worker');
}

like($redis->command('CLIENT', 'LIST'), qr/name=nginx-live:\d+:\S+/,
    'the name');

$r = ask('cmd=INCR,pipe&n=100');
is($r->{answers}, 100, 'a hundred at once');
is($r->{reply}, 100, 'in order');

$r = ask('cmd=INCR,over&n=130');
is($r->{answers}, 100, 'as many as may wait');
is($r->{refused}, 30, 'the others are refused');

ask('cmd=INCR,cancelled&n=3&cancel=1');
is(ask('cmd=GET,foo')->{reply}, 'bar', 'answers of cancelled ones');

# a script, known and unknown

$redis->command('SCRIPT', 'FLUSH');
is(ask('script=count,5')->{reply}, 5, 'script');
is(ask('script=count,2')->{reply}, 7, 'again');
is($redis->command('GET', 'count'), 7, 'is run');
like(ask('script=foo,5')->{reply}, qr/not an integer/, 'its error');

my $info = $redis->command('INFO', 'commandstats');
my ($evals) = $info =~ /cmdstat_eval:calls=(\d+)/;
is($evals, 1, 'the text was sent once');

# subscriptions

my ($pid, $other) = $t->workers;

sub messages { join ' ', map { "$_->[0]=$_->[1]" } @{ask('', $pid)->{messages}} }

ask('sub=news', $pid);
wait_for(sub { ask('', $pid)->{resyncs} == 1 }, 10, 'first resync');

$redis->command('PUBLISH', 'news', 'one');
wait_for(sub { messages() eq 'news=one' }, 10, 'message');
pass('a message');

ask('psub=new?', $pid);
wait_for(sub { ask('', $pid)->{resyncs} == 2 }, 10, 'second resync');
$redis->command('PUBLISH', 'newt', 'two');
wait_for(sub { messages() eq 'news=one newt=two' }, 10, 'message by pattern');
pass('a message by pattern');
is(@{ask('', $other)->{messages}}, 0, 'nothing in the other worker');

# one connection of each worker for commands, one for subscriptions

my %connections;

for (grep { /name=nginx-live:/ } split(/\n/, $redis->command('CLIENT', 'LIST'))) {
    my ($slot, $subs) = /name=nginx-live:(\d+):.* p?sub=(\d+)/;
    $connections{$slot}{$subs ? 'subscriptions' : 'commands'}++;
}

is_deeply([ map { $_->{commands} } values %connections ], [ 1, 1 ],
    'one connection for commands');
is_deeply([ sort map { $_->{subscriptions} // 0 } values %connections ],
    [ 0, 1 ], 'and one for subscriptions');

# the server dies with commands that it has read, or not

$redis->freeze;
my $client = client_of($pid);
$client->request('/redis?cmd=PING&n=50');
wait_for(sub {
    grep { $_->{pending} >= 50 } @{$t->json('/status')->{redis}{workers}}
}, 5, 'commands');
$redis->stop;
$r = JSON::PP::decode_json($client->response->{body});
is($r->{errors}, 50, 'each has an answer');
is($r->{lost} + $r->{timeout} + $r->{down}, 50, 'that says so');
$client->close;

$redis->start;
all_up(1);
wait_for(sub { ask('', $pid)->{resyncs} == 4 }, 10, 'resync');

# the server goes and returns

my $before = ask('', $pid);
my $mark = $t->log_mark;

$redis->stop;
all_up(0);
pass('down');

$r = ask('cmd=PING');
is($r->{down}, 1, 'a command has waited in vain');
cmp_ok(ask('cmd=PING&n=150')->{refused}, '==', 50, 'not too many wait');

my $s = $t->json('/status')->{redis};
is($s->{workers}[0]{up}, JSON::PP::false, 'status');

$redis->start;
my $start = time();
all_up(1);
cmp_ok(time() - $start, '<', 5 * factor(), 'up again within five seconds');

wait_for(sub { ask('', $pid)->{resyncs} == 6 }, 10, 'resync');
is(ask('', $pid)->{ups}, $before->{ups} + 1, 'watchers know');
$redis->command('PUBLISH', 'news', 'three');
wait_for(sub { messages() =~ /three.*three|three/ }, 10, 'message');
pass('subscribed again');

is($t->json('/status')->{redis}{workers}[0]{reconnects}, 2, 'reconnects');
is(scalar(grep { /\[warn\].*redis \S+ is/ } $t->log_lines(qr/./, $mark)) < 10,
    1, 'few words') or diag(join("\n", $t->log_lines(qr/redis/, $mark)));

ask('unsub=1', $pid);

# it stands still: nobody waits for it

ask('reset=1', $_) for $t->workers;

$redis->freeze;

$start = time();
$r = ask('cmd=PING');
is($r->{timeout} + $r->{down}, 1, 'a command to a frozen server');
cmp_ok(time() - $start, '<', 2 * factor(), 'fails soon');

all_up(0);
pass('a frozen server is down');

sub subscribed {
    return grep { $_->{subscribed} } @{$t->json('/status')->{redis}{workers}};
}

wait_for(sub { !subscribed() }, 10, 'loss of subscriptions');
pass('also where nothing was asked');

for (1 .. 10) {
    ask("cmd=PING&n=20", $_) for $t->workers;
}

$redis->thaw;
$start = time();
all_up(1);
cmp_ok(time() - $start, '<', 5 * factor(), 'up again within five seconds');
wait_for(sub { ask('cmd=PING')->{reply} eq 'PONG' }, 5, 'an answer');
pass('it answers');
wait_for(sub { subscribed() }, 10, 'subscriptions');
pass('subscribed again');

for my $pid ($t->workers) {
    my $stall = ask('', $pid)->{stall};
    note("the longest stall of worker $pid was $stall ms");
    cmp_ok($stall, '<', 200 * factor(), 'no worker stood still');
}

# a reload

$t->reload;
all_up(1);
is(ask('cmd=GET,count')->{reply} || '', JSON::PP::false || '', 'after a reload');

# a password: missing, wrong, right

$redis->command('CONFIG', 'SET', 'requirepass', 'secret1');
$redis->{password} = 'secret1';
$redis->command('CLIENT', 'KILL', 'TYPE', 'normal');
delete $redis->{client};

$t->wait_log(qr/\[error\].*redis \S+ is down: it says "NOAUTH/);
pass('a password is missing');
is($t->json('/status')->{redis}{workers}[0]{up}, JSON::PP::false, 'down');

my $address = $redis->address;
%clients = ();
$t->{live} =~ s/$address db=2/unix:$redis->{socket} password=secret0/;
$mark = $t->log_mark;
$t->reload;
$t->wait_log(qr/\[error\].*redis unix:\S+ is down: it says "WRONGPASS/, 10,
    $mark);
pass('it is wrong');

spit($t->path('password'), "secret1\nnot this\n");
$t->{live} =~ s/password=secret0/password_file=password/;
$t->reload;
all_up(1);
is(ask('cmd=PING')->{reply}, 'PONG', 'from a file, by a unix socket');

# with the rights that the documentation names

my ($rights) = slurp(Test::NginxLive->top() . '/docs/redis.md')
    =~ /^    user live on >PASSWORD ((?:.+\n)+)/m;

$redis->command('ACL', 'SETUSER', 'live', 'on', '>secret2', 'resetchannels',
    split(' ', $rights));
$t->{live} =~ s/password_file=password/user=live password=secret2/;
$t->reload;
all_up(1);
is(ask('cmd=SET,nl:a,1')->{reply}, 'OK', 'a user');
like(ask('cmd=SET,a,1')->{reply}, qr/^NOPERM/, 'who may not do all');
is(scalar @{ask('cmd=TIME')->{reply}}, 2, 'but ask for the time');

$mark = $t->log_mark;
ask('sub=news');
$t->wait_log(qr/\[warn\].*redis \S+ is lost: NOPERM/, 10, $mark);
pass('and not subscribe');
is(ask('cmd=PING')->{reply}, 'PONG', 'commands go on');

unlike($t->log_text, qr/secret/, 'no password in the log');

# none

$t->{live} =~ s/redis unix:[^;]*;/redis off;/;
$t->reload;
is(ask('')->{on}, JSON::PP::false, 'off');
is(ask('cmd=PING')->{refused}, 1, 'commands are refused');
is($t->json('/status')->{redis}{mode}, 'off', 'status');

done_testing();
