#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Redis by Sentinel and as a cluster, made by their own tools, while commands
# are given all the time: a failover by hand, a master that dies, one that
# stands still, slots that move.  What is revoked meanwhile is revoked at the
# other node, and the registry is right again.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util qw/ first max sum0 /;
use Time::HiRes qw/ time sleep /;

use Test::NginxLive;
use Test::NginxLive::RedisGroup;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_test
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server redis-cli openssl /);

my $dir = temp_dir();
my $keys = Test::NginxLive::Token->new($dir, 'HS256');
my ($a, $b, $name, @publishers, $load);

sentinel() unless ($ARGV[0] // '') eq 'cluster';
cluster() unless ($ARGV[0] // '') eq 'sentinel';

done_testing();

###############################################################################

sub sentinel {
    my $group = Test::NginxLive::RedisGroup->sentinel;

    nodes($group->directive);

    # by hand

    $name = 'sentinel, by hand';
    my ($master, $replica) = ($group->owner, $group->heir);
    my ($sentinel) = $group->sentinels;

    wait_for(sub {
        eval { $sentinel->command('SENTINEL', 'FAILOVER', 'main'); 1 }
    }, 20, 'failover');
    through(sub { $replica->command('ROLE')->[0] eq 'master' && $replica },
        15);

    # dead

    $group->ready;
    $name = 'sentinel, a dead master';
    ($master, $replica) = ($group->owner, $group->heir);

    $master->stop;
    through(sub { $replica->command('ROLE')->[0] eq 'master' && $replica },
        15);
    $master->start;

    # frozen: it does not know that it is a master no more when it thaws

    $group->ready;
    $name = 'sentinel, a frozen master';
    ($master, $replica) = ($group->owner, $group->heir);

    $master->freeze;
    through(sub { $replica->command('ROLE')->[0] eq 'master' && $replica },
        15);
    $master->thaw;
    $group->ready;

    revoke('sentinel-last');
    ok(wait_for(sub { refused($b, 'sentinel-last') }, 10, 'revocation'),
        'sentinel, in the end: revocations');
    end();
    $group->stop;
}


sub cluster {
    my $group = Test::NginxLive::RedisGroup->cluster;
    my @redis = $group->servers;

    nodes($group->directive);

    # slots move, that of the revocations among them

    $name = 'cluster, slots that move';

    my $from = $group->owner('nl:revoked');
    my $to = first { $_ != $from && $_->command('ROLE')->[0] eq 'master' }
        @redis;

    my $start = time();
    my $before = loaded();

    # the first one slowly: ASK

    my $slot = $group->slot('nl:revoked');

    $to->command('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $group->id($from));
    $from->command('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $group->id($to));
    $from->command('MIGRATE', '127.0.0.1', $to->port, 'nl:revoked', 0, 1000);

    my $n = 0;
    while (time() - $start < 3) {
        revoke("asking$n");
        ok(wait_for(sub { refused($b, "asking$n") }, 10, 'revocation'),
            "$name: revocation $n");
        $n++;
    }

    eval { $from->command('EXISTS', 'nl:revoked') };
    like($@, qr/^ASK \d+ \S+:@{[ $to->port ]}$/, "$name: one asks elsewhere");
    $_->command('CLUSTER', 'SETSLOT', $slot, 'NODE', $group->id($to))
        for $to, $from;
    wait_for(sub { $group->cli('--cluster', 'check', $redis[0]->address)
        =~ /All nodes agree/ }, 20, 'agreement');

    # then the others

    my $reshard = spawn(dir => $dir, cmd => [ 'redis-cli', '--cluster',
        'reshard', $redis[0]->address, '--cluster-from', $group->id($from),
        '--cluster-to', $group->id($to), '--cluster-slots', 1500,
        '--cluster-yes' ]);

    # a revocation each second, as long as it lasts

    $n = 0;
    while ($reshard->alive) {
        my $next = time() + 1;

        revoke("moving$n");
        ok(wait_for(sub { refused($b, "moving$n") }, 10, 'revocation'),
            "$name: revocation $n");
        $n++;

        eval { wait_for(sub { time() >= $next || !$reshard->alive }, 2) };
    }

    is($reshard->rc, 0, "$name: done") or diag($reshard->output);
    note(sprintf('%s: %d s', $name, time() - $start));
    is($group->owner('nl:revoked')->port, $to->port, "$name: they have moved");

    my $after = loaded();
    my $answers = $after->{good} - $before->{good};
    is($after->{bad} - $before->{bad}, 0,
        "$name: none of $answers commands failed");
    cmp_ok($answers, '>', 100, "$name: they were many");

    my ($moved, $asked) = map { my $e = $_; sum0(map {
        ($_->command('INFO', 'errorstats') =~ /errorstat_$e:count=(\d+)/)[0]
        // 0 } @redis) } qw/ MOVED ASK /;
    note("$name: MOVED $moved times, ASK $asked times");
    cmp_ok($moved, '>', 0, "$name: MOVED");
    cmp_ok($asked, '>', 0, "$name: ASK");

    # the master that has them dies

    $group->ready;
    $name = 'cluster, a dead master';

    $to->stop;
    through(sub {
        my $owner = $group->owner('nl:revoked');
        $owner && $owner->command('ROLE')->[0] eq 'master' && $owner;
    }, 20);

    $to->start;
    wait_for(sub {
        $group->whole($to) && $to->command('ROLE')->[0] eq 'slave'
    }, 60, 'its return');
    revoke('cluster-last');
    ok(wait_for(sub { refused($b, 'cluster-last') }, 10, 'revocation'),
        'cluster, in the end: revocations');

    end();
    $group->stop;
}


# two nodes, streams at one of them, and somebody who gives commands

sub nodes {
    my ($directive) = @_;

    ($a, $b) = map {
        Test::NginxLive->new(
            live => "node $_; zone live 64m; token_key $dir/keys; $directive;
                     redis_timeout 500ms; redis_connect_timeout 500ms;
                     application live { publish any; play token; }",
            stream => 'live_rtmp_timeout 1h;
                       server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
            http => 'server { listen 127.0.0.1:%%PORT_http%%;
                     location /flv/ { live_flv; }
                     location /redis { live_test_redis; }
                     location /registry/ { live_registry; }
                     location /revoke { live_revoke; }
                     location /status { live_status; } }'
        )->start
    } qw/ a b /;

    @publishers = ((map { publisher($a, "s$_") } 1 .. 4),
        publisher($b, 'other'));

    wait_for(sub { registry() }, 20, 'the registry');

    unlink("$dir/load");
    $load = spawn(cmd => [ 'load' ], dir => $dir, code => \&load);
    wait_for(sub { loaded()->{good} }, 10, 'commands');
}


sub end {
    $load->stop('TERM') if $load;
    $_->close for splice(@publishers);
    $_->stop for $a, $b;
}


sub publisher {
    my ($t, $stream) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    $c->publish('live', $stream);
    $c->video(0, avc_config());
    $c->video(0, avc_frame(1));

    return $c;
}


# Each stream is found from the other node.

sub registry {
    my $r = $b->get('/registry/');
    return 0 if $r->{status} != 200;

    my $all = join(' ', sort map { "$_->{name}\@$_->{node}" }
        @{JSON::PP::decode_json($r->{body})->{streams}});

    return $all eq 'other@b s1@a s2@a s3@a s4@a';
}


# a hundred scripts in a second at most: nginx and Redis need the machine more

sub load {
    my %l = (good => 0, bad => 0, pause => 0, n => 0);
    my $last = time();

    while (1) {
        my $next = time() + 0.01;
        my $key = 'count' . $l{n}++ % 100;
        my $r = eval { $a->json("/redis?script=$key,1&n=5") };

        $l{bad} += $r ? $r->{errors} + $r->{refused} : 5;
        $l{good} += $r->{answers} - $r->{errors} if $r;

        if ($r && !$r->{errors}) {
            $l{pause} = max($l{pause}, time() - $last);
            $last = time();
        }

        spit("$dir/load.new", join("\n", %l, ''));
        rename("$dir/load.new", "$dir/load");
        pace($next);
    }
}


sub pace { my $left = $_[0] - time(); sleep($left) if $left > 0 }


sub loaded {
    my %l = split(/\n/, slurp("$dir/load"));
    return \%l;
}


# What the commands have counted: a failover may lose some, since replicas come
# after their masters.

sub counted {
    return sum0(map { $a->json("/redis?cmd=GET,count$_&key=1")->{reply} || 0 }
        0 .. 99);
}


# What was revoked at one node in the middle of a failover is revoked at the
# other one, and the server that is the master then has all of it.

sub through {
    my ($master, $most) = @_;

    my $start = time();
    my (%took, @subs, @all, $missing);

    my %due = (
        'a new master' => $master,
        'commands' => sub {
            my $r = $a->json('/redis?script=count1,0');
            $r && !$r->{errors};
        },
        'the registry' => sub { registry() },
        'revocations' => sub {
            @subs && !grep { !refused($b, $_) } @subs;
        }
    );

    my $bad = loaded()->{bad};

    # fifty revocations, spread over the seconds that it takes

    eval { wait_for(sub {
        my $next = time() + 0.05;

        if (@all < 50) {
            (my $sub = "$name-" . @all) =~ s/\W+/-/g;

            revoke($sub);
            push @all, $sub;

            if (@all % 10 == 1) {
                push @subs, $sub;
                refused($a, $sub) or die "$sub is not revoked";
            }
        }

        for my $what (keys %due) {
            my $ok = eval { $due{$what}->() };
            delete $took{$what} unless $ok;
            $took{$what} //= time() - $start if $ok;
        }

        $missing = join(', ', grep { !$took{$_} } keys %due);
        pace($next) if @all < 50;
        return @all == 50 && $missing eq '';
    }, 40, 'all of it') } or die("$name: no $missing\n");

    for my $what (sort keys %took) {
        note(sprintf('%s: %s after %.1f s', $name, $what, $took{$what}));
        cmp_ok($took{$what}, '<', $most * factor(), "$name: $what");
    }

    note("$name: " . (loaded()->{bad} - $bad) . ' commands failed');

    my $good = loaded()->{good};
    my $lost = max(0, $good - counted());
    note("$name: at least $lost of $good were lost until now");

    my @lost;

    eval { wait_for(sub {
        my $all = join(' ', @{
            $master->()->command('ZRANGE', 'nl:revoked', 0, -1)});
        @lost = grep { $all !~ / \Q$_\E(?: |$)/ } @all;
        !@lost;
    }, 10, 'all revocations') };
    is("@lost", '', "$name: the master has all revocations");
}


sub revoke {
    my ($sub) = @_;
    my $r = $a->get("/revoke?sub=$sub", method => 'POST');
    die "revoke: $r->{status}\n" if $r->{status} != 204;
}


my %tokens;

sub refused {
    my ($t, $sub) = @_;

    my $token = $tokens{$sub} //= $keys->token('HS256', sub => $sub,
        stream => 'live/*', claims => '{"iat":' . (time() - 1000 | 0) . '}');
    my $stream = $t == $a ? 's1' : 'other';

    my $c = $t->client;
    my $r = $c->request("/flv/live/$stream.flv?token=$token")
        ->response(stream => 1);
    $c->close;

    return $r->{status} == 403;
}
