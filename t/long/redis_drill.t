#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Redis is away for a minute, stands still for a minute and comes back empty,
# while players of all doors show tokens and read: none of them stutters, no
# worker stands still, and within five seconds of its return Redis knows again
# what runs, and nodes what was revoked.
#
# LIVE_DRILL: another number of seconds than 60.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA qw/ hmac_sha256 /;
use IO::Select;
use JSON::PP ();
use List::Util qw/ max sum0 /;
use MIME::Base64 qw/ encode_base64url /;
use Time::HiRes qw/ time sleep /;

use Test::NginxLive;
use Test::NginxLive::Load;
use Test::NginxLive::Redis;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;
use Test::NginxLive::Token;
use Test::NginxLive::Viewer;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls live_test
    ngx_http_live_token_module ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server ffmpeg openssl /);

my $seconds = $ENV{LIVE_DRILL} || 60;
my $crowd = 60;

my $redis = Test::NginxLive::Redis->new->start;
my $dir = temp_dir();
my $key = Test::NginxLive::Token->new($dir, 'HS256')->sign_key('HS256');
my $secret = slurp($key);

my ($a, $b) = map { node($_) } qw/ a b /;

my $pub = publish($a->rtmp('live/a'), fps => 25, gop => 25, rate => '300k',
    size => '320x180', audio => 44100);
my $other = other();

wait_for(sub {
    $a->get('/hls/live/a/index.m3u8?token=' . token('x'))->{status} == 200
}, 30, 'a playlist');
wait_for(sub { entry()->{node} }, 10, 'the entry');

my $session = $a->json('/status')->{streams}[0]{hls}{session};

my %viewers = (
    rtmp => Test::NginxLive::Viewer->rtmp($a, 'live/a?token='
        . token('viewer', 5)),
    flv => Test::NginxLive::Viewer->flv($a, 'live/a',
        args => 'token=' . token('viewer', 5)),
    hls => Test::NginxLive::Viewer->hls($a, '~' . token('viewer', 5)
        . '/live/a', 'v0', session => $session)
);

my $stay = spawn(cmd => [ 'crowd' ], dir => $dir, code => \&crowd);
my $newcomers = spawn(cmd => [ 'newcomers' ], dir => $dir,
    code => \&newcomers);

my $load = Test::NginxLive::Load->new;

# as it is with Redis

revoke($a, 'early');
wait_for(sub { refused($b, 'early') }, 10, 'revocation');

my $normal = phase('with Redis', $seconds / 4);

# away, frozen, empty

for my $case ([ "stopped for $seconds s", 'stop', 'start', $seconds ],
    [ "frozen for $seconds s", 'freeze', 'thaw', $seconds ],
    [ 'emptied and restarted', 'stop', 'start', 0 ])
{
    my ($name, $off, $on, $time) = @$case;
    (my $sub = "while $name") =~ s/ /-/g;

    ok(!refused($b, $sub), "$name: a good token");
    $redis->command('FLUSHALL') unless $time;

    my $result = phase($name, $time + 10, sub {
        my ($at) = @_;

        $redis->$off;
        revoke($a, $sub);
        ok(refused($a, $sub), "$name: revocations go on where they are made");
        doze($at + $time);
        $redis->$on;
        back($name, $sub);
    });

    judge($name, $normal, $result);
}

is($pub->alive, 1, 'the publisher has stayed');
is($a->json('/status')->{streams}[0]{publisher}{count}, 1, 'all the time');
is($_->ended, undef, 'a viewer has stayed') for values %viewers;

my %end = map { split(' ') } split(/\n/, slurp("$dir/newcomers"));
note("$end{n} newcomers, the slowest saw something after "
    . int($end{slowest} * 1000) . ' ms');
is($end{failed}, 0, 'no newcomer was refused');
is(slurp("$dir/crowd"), '', "nor was one of $crowd viewers disconnected");

$_->stop for values %viewers;
$other->close;

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 64m; token_key $dir/keys;
                 redis @{[ $redis->address ]};
                 application live {
                     publish any; play token; reconnect 600s;
                     hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                     hls_target_duration 2s; hls_part 200ms;
                 }",
        stream => 'live_rtmp_timeout 1h;
                   server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
        http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
                 location /flv/ { live_flv; }
                 location /hls/ { live_hls; }
                 location /redis { live_test_redis; }
                 location /revoke { live_revoke; }
                 location /status { live_status; } }'
    )->start;
}


# a stream at the other node, to ask for

sub other {
    my $c = Test::NginxLive::RTMP->new(port => $b->port('rtmp'));

    $c->publish('live', 'a');
    $c->video(0, avc_config());
    $c->video(0, avc_frame(1));

    return $c;
}


# a token that nobody has seen yet, of somebody who may have so many sessions

sub token {
    my ($sub, $sessions) = @_;

    my $text = join('.', map { encode_base64url(JSON::PP::encode_json($_)) }
        { typ => 'JWT', alg => 'HS256', kid => 'HS256' },
        { sub => $sub, iat => time() - 1000 | 0, exp => time() + 7200 | 0,
          live => { streams => [ 'live/*' ],
                    $sessions ? (max_sessions => $sessions) : () } });

    return $text . '.' . encode_base64url(hmac_sha256($text, $secret));
}


sub revoke {
    my ($t, $sub) = @_;
    Test::NginxLive::Token::tool('revoke', $t->url('/revoke'), 'sub', $sub);
}


sub refused {
    my ($t, $sub) = @_;

    my $c = $t->client;
    my $r = $c->request('/flv/live/a.flv?token=' . token($sub))
        ->response(stream => 1);
    $c->close;

    return $r->{status} == 403;
}


sub entry { return { @{$redis->command('HGETALL', 'nl:stream:{live/a}')} } }


sub doze { my $left = $_[0] - time(); sleep($left) if $left > 0 }


# what has to be right again when Redis has returned

sub back {
    my ($name, $sub) = @_;

    my %due = (
        'the registry' => sub { entry()->{node} },
        'the nodes' => sub { @{$redis->command('KEYS', 'nl:node:*')} == 2 },
        'the count of sessions' => sub {
            my ($key) = @{$redis->command('KEYS', 'nl:sessions:*:lease')};
            $redis->command('ZCARD', $key) == keys %viewers;
        },
        'the revocation at the other node' => sub { refused($b, $sub) },
        'all revocations' => sub {
            my $all = join(' ', @{
                $redis->command('ZRANGE', 'nl:revoked', 0, -1)});
            $all =~ / early\b/ && $all =~ / \Q$sub\E\b/;
        }
    );

    my $start = time();
    my %took;

    wait_for(sub {
        for my $what (grep { !$took{$_} } keys %due) {
            $took{$what} = time() - $start if eval { $due{$what}->() };
        }

        keys %took == keys %due
    }, 20, 'all of it');

    for my $what (sort keys %took) {
        note(sprintf('%s: %s back after %.2f s', $name, $what,
            $took{$what}));

        cmp_ok($took{$what}, '<', 5 * factor(), "$name: it is in time");
    }
}


# What viewers and workers have seen while something was done.

sub phase {
    my ($name, $time, $code) = @_;

    my %seen = map { $_ => seen($_) } keys %viewers;
    my $at = time();
    my %result;

    stalls('reset=1');
    $code->($at) if $code;
    doze($at + $time);

    for my $door (sort keys %viewers) {
        my $new = seen($door);
        my @new = @$new[@{$seen{$door}} .. $#$new];

        my @gaps = map { $new[$_]{seen} - $new[$_ - 1]{seen} } 1 .. $#new;
        my @steps = map { ($new[$_]{time} // 0) - ($new[$_ - 1]{time} // 0) }
            1 .. $#new;

        $result{$door} = { n => scalar(@new), gap => max(@gaps),
            gaps => \@gaps, lost => scalar(grep { $_ > 60 } @steps),
            bad => scalar(grep { ($_->{status} // 200) != 200 } @new),
            last => time() - $new[-1]{seen} };

        note(sprintf('%s: %s saw %d %s, the longest pause was %d ms', $name,
            $door, scalar(@new), $door eq 'hls' ? 'parts' : 'frames',
            $result{$door}{gap} * 1000));
    }

    my @stalls = stalls('');
    $result{stall} = max(@stalls);
    note("$name: the longest stalls of the workers were "
        . join(' and ', map { "$_ ms" } @stalls));

    return \%result;
}


sub seen {
    my ($door) = @_;

    return [ $door eq 'hls' ? $viewers{hls}->events('part')
                            : $viewers{$door}->frames('video') ];
}


sub stalls {
    my ($args) = @_;
    my %stall;

    wait_for(sub {
        my $r = $a->json("/redis?$args");
        $stall{$r->{pid}} = $r->{stall};
        keys %stall == 2
    }, 10, 'both workers');

    return values %stall;
}


sub judge {
    my ($name, $normal, $r) = @_;

    my $disturbed = $load->disturbed;
    note("the machine: $disturbed") if $disturbed;

    for my $door (sort keys %viewers) {
        my $most = max($normal->{$door}{gap}, 0.2) + 0.3 * factor();
        my @stutters = grep { $_ > $most } @{$r->{$door}{gaps}};

        ok(!@stutters || $disturbed, "$name: $door does not stutter")
            or diag("pauses of @stutters s");
        is($r->{$door}{lost}, 0, "$name: $door has all frames");
        is($r->{$door}{bad}, 0, "$name: $door is refused nothing");
        cmp_ok($r->{$door}{last}, '<', 2 * factor(), "$name: $door goes on");
    }

    cmp_ok($r->{stall}, '<', 200 * factor(), "$name: no worker stands still");
}


# viewers that stay, each with a token of its own; they are slow on purpose, so
# that a read takes more than a frame: the machine is nginx's

sub crowd {
    local $SIG{PIPE} = 'IGNORE';

    spit("$dir/crowd", '');

    my $select = IO::Select->new;

    for my $n (1 .. $crowd) {
        my $c = $a->client;
        my $r = $c->request('/flv/live/a.flv?token=' . token("crowd$n"))
            ->response(stream => 1);

        spit("$dir/crowd", "status $r->{status}") if $r->{status} != 200;
        $select->add($c->sock);
    }

    while (1) {
        my $turn = time();

        for my $s ($select->can_read) {
            next if sysread($s, my $buf, 65536);
            spit("$dir/crowd", 'closed');
            $select->remove($s);
        }

        doze($turn + 0.02);
    }
}


# viewers that come and go, fifteen in a second

sub newcomers {
    my ($n, $failed, $slowest) = (0, 0, 0);

    while (1) {
        my $start = time();

        my $ok = eval {
            my $c = $a->client;
            my $r = $c->request('/flv/live/a.flv?token='
                . token('new' . $n++))->response(stream => 1);
            my $bytes = $c->read_bytes(13);
            $c->close;
            $r->{status} == 200 && length $bytes;
        };

        $failed++ unless $ok;
        $slowest = max($slowest, time() - $start);

        spit("$dir/newcomers.new", "n $n\nfailed $failed\nslowest $slowest\n");
        rename("$dir/newcomers.new", "$dir/newcomers");

        doze($start + 1 / 15);
    }
}
