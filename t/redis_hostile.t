#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A server that is no Redis, or a hostile one: no worker dies of it, it is
# disconnected and tried again; names are resolved by the resolver.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use IO::Socket::INET;

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_test /);

my $port = free_port();
my $dns = free_port();

# what it says instead of an answer: to a command, and after SUBSCRIBE; the
# test writes the number of the case into a file

my $sub = "*3\r\n\$9\r\nsubscribe\r\n\$1\r\nx\r\n:1\r\n";

my @cases = (
    [ 'garbage', "hello\r\n" ],
    [ 'nothing, it hangs up', undef ],
    [ 'two answers for one', "+OK\r\n+OK\r\n" ],
    [ 'a message that nobody subscribed to',
      "+OK\r\n*3\r\n\$7\r\nmessage\r\n\$1\r\na\r\n\$1\r\nb\r\n" ],
    [ 'an empty array too many', "+OK\r\n*0\r\n" ],
    [ 'nil too many', "+OK\r\n\$-1\r\n" ],
    [ 'an error too many', "+OK\r\n-ERR max clients\r\n" ],
    [ 'a number that is none', ":12a\r\n" ],
    [ 'an endless number', ":" . '9' x 40 . "\r\n" ],
    [ 'a negative length', "\$-5\r\n" ],
    [ 'a huge length', "\$9223372036854775807\r\nx" ],
    [ 'a huge array', "*2147483647\r\n" ],
    [ 'a larger one', "*9223372036854775807\r\n" ],
    [ 'an array of arrays of arrays', "*1\r\n" x 40 ],
    [ 'arrays that promise much', "*262144\r\n" x 7 ],
    [ 'another protocol', "%1\r\n+a\r\n+b\r\n" ],
    [ 'lines in an error', "-ERR a\nb\x01\x7f\r\n" ],
    [ 'pushes: a string', '+OK', "+x\r\n" ],
    [ 'pushes: an empty array', '+OK', "*0\r\n" ],
    [ 'pushes: one', '+OK', "*1\r\n\$7\r\nmessage\r\n" ],
    [ 'pushes: two', '+OK', "*2\r\n\$7\r\nmessage\r\n\$1\r\nx\r\n" ],
    [ 'pushes: numbers', '+OK', "*3\r\n:1\r\n:2\r\n:3\r\n" ],
    [ 'pushes: a number as channel', '+OK',
      "*3\r\n\$7\r\nmessage\r\n:2\r\n:3\r\n" ],
    [ 'pushes: nil as channel', '+OK',
      "*3\r\n\$11\r\nunsubscribe\r\n\$-1\r\n:0\r\n" ],
    [ 'pushes: unsubscribed without a number', '+OK',
      "*3\r\n\$11\r\nunsubscribe\r\n\$4\r\nnews\r\n\$1\r\n0\r\n" ],
    [ 'pushes: unsubscribed from all', '+OK',
      "*3\r\n\$11\r\nUnsubscribe\r\n\$4\r\nnews\r\n:0\r\n"
      . "*3\r\n\$11\r\nunsubscribe\r\n\$12\r\nnl:heartbeat\r\n:0\r\n"
      . "*3\r\n\$7\r\nmessage\r\n\$4\r\nnews\r\n\$1\r\nx\r\n" ],
    [ 'pushes: a message of a foreign channel', '+OK',
      $sub . "*3\r\n\$7\r\nmessage\r\n\$3\r\nxyz\r\n\$1\r\nx\r\n" ],
    [ 'pushes: a message that is an array', '+OK',
      "*3\r\n\$7\r\nmessage\r\n\$4\r\nnews\r\n*1\r\n*0\r\n" ],
    [ 'pushes: half a pattern', '+OK',
      "*3\r\n\$8\r\npmessage\r\n\$4\r\nnews\r\n\$1\r\nx\r\n" ],
    [ 'pushes: an empty kind', '+OK',
      "*3\r\n\$0\r\n\r\n\$0\r\n\r\n\$0\r\n\r\n" ],
);

my $file = temp_dir() . '/case';

sub count { open(my $fh, '>>', "$file.$_[0]") or die $!; print $fh '+' }

sub set_case { spit("$file.tmp", $_[0]); rename("$file.tmp", $file) }

set_case(-1);


# one process serves all connections

sub server {
    local $SIG{PIPE} = 'IGNORE';

    my $listen = IO::Socket::INET->new(Listen => 20, ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => $port) or die $!;
    my $select = IO::Select->new($listen);
    my (%buf, %greeted);

    while (1) {
        for my $s ($select->can_read()) {
            if ($s == $listen) {
                my $c = $listen->accept;
                $select->add($c) if $c;
                next;
            }

            if (!sysread($s, $buf{$s}, 65536, length($buf{$s} // ''))) {
                delete $buf{$s};
                delete $greeted{$s};
                $select->remove($s);
                close($s);
                next;
            }

            serve($s, \$buf{$s}, \$greeted{$s}, $select);
        }
    }
}

sub serve {
    my ($s, $buf, $greeted, $select) = @_;

    while ($$buf =~ s/^\*(\d+)\r\n((?:\$\d+\r\n[^\r]*\r\n)+)//) {
        my @args = $2 =~ /\$\d+\r\n([^\r]*)\r\n/g;
        my $n = slurp($file);
        my $case = $n >= 0 ? $cases[$n] : [ 'good', "+OK\r\n" ];

        # two commands are the greeting

        if (($$greeted // 0) < 2) {
            $$greeted++;
            syswrite($s, "+OK\r\n");

        } elsif (uc $args[0] eq 'CLUSTER') {
            syswrite($s, "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n\$-1\r\n:$port\r\n");

        } elsif (uc $args[0] eq 'GET' && $args[1] eq 'moved') {
            count('moved');
            syswrite($s, "-MOVED 1 127.0.0.1:$port\r\n");

        } elsif (uc $args[0] eq 'ASKING'
                 || uc $args[0] eq 'GET' && $args[1] eq 'ask')
        {
            count('ask') if uc $args[0] eq 'GET';
            syswrite($s, "-ASK 1 :$port\r\n");

        } elsif (uc $args[0] eq 'GET' && $args[1] eq 'wrong') {
            syswrite($s, "-MOVED 1 a b:$port\r\n");

        } elsif (uc $args[0] eq 'SUBSCRIBE') {
            syswrite($s, "*3\r\n\$9\r\nsubscribe\r\n\$" . length($args[1])
                . "\r\n$args[1]\r\n:1\r\n") if $args[1] eq 'nl:heartbeat';
            syswrite($s, $case->[2]) if $case->[2] && $args[1] eq 'news';

        } elsif (!defined $case->[1]) {
            shutdown($s, 2);

        } elsif ($case->[2]) {
            syswrite($s, "+OK\r\n");

        } else {
            syswrite($s, $case->[1]);
        }
    }
}


# a name server with one name

sub resolver {
    my $s = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1',
        LocalPort => $dns) or die $!;

    while (1) {
        $s->recv(my $q, 512) // next;
        my ($id) = unpack('n', $q);
        my $question = substr($q, 12);
        my $name = '';
        my $at = 0;

        while (my $len = ord(substr($question, $at, 1))) {
            $name .= substr($question, $at + 1, $len) . '.';
            $at += $len + 1;
        }

        my $type = unpack('n', substr($question, $at + 1, 2));
        my $body = substr($question, 0, $at + 5);
        my $found = $name eq 'redis.test.' && $type == 1;

        $s->send(pack('n6', $id, $name eq 'redis.test.' ? 0x8180 : 0x8183, 1,
            $found ? 1 : 0, 0, 0) . $body
            . ($found ? pack('nnnNnC4', 0xc00c, 1, 1, 1, 4, 127, 0, 0, 1)
               : ''));
    }
}


spawn(cmd => [ 'server' ], code => \&server);
spawn(cmd => [ 'resolver' ], code => \&resolver);

my $t = Test::NginxLive->new(
    workers => 1,
    live => "zone live 8m; redis redis.test:$port;
             redis_resolver 127.0.0.1:$dns valid=1s ipv6=off;
             redis_timeout 500ms; redis_connect_timeout 1s;
             application live { publish any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /redis { live_test_redis; } }'
)->start;

sub ask { $t->json('/redis?' . ($_[0] // '')) }

wait_for(sub { ask()->{up} }, 10, 'connection');
pass('a name is resolved by the resolver');

is(ask('cmd=GET,a')->{reply}, 'OK', 'a good server');

my ($worker) = $t->workers;

for my $n (0 .. $#cases) {
    my ($name, undef, $push) = @{$cases[$n]};

    wait_for(sub { ask()->{up} }, 20, 'connection');
    set_case($n);

    if ($push) {
        ask('sub=news');
        ask('sub=other');

    } else {
        ask('cmd=GET,a');
        ask('cmd=GET,a&n=10');
    }

    is(ask()->{pid}, $worker, $name);

    ask('unsub=1');
    set_case(-1);
}

my $r = wait_for(sub { ask()->{up} && ask('cmd=GET,a') }, 20, 'connection');
is($r->{reply}, 'OK', 'it works again');
is(join(' ', $t->workers), $worker, 'the worker has survived');

like($t->log_text, qr/is lost: unexpected reply/, 'what is not asked for');
unlike($t->log_text, qr/[\x00-\x08\x0b-\x1f\x7f]/, 'the log has no controls');

# a cluster that sends us in circles

my $live = $t->{live};

$t->{live} =~ s/redis redis\.test/redis_cluster redis.test/;
$t->reload;
wait_for(sub { ask()->{up} }, 20, 'cluster');

is(ask('cmd=GET,a&key=1')->{reply}, 'OK', 'a cluster');

for my $name (qw/ moved ask wrong /) {
    my $r = ask("cmd=GET,$name&key=1");
    is($r->{fault}, 4, "$name: it is given up");
    like($r->{reply}, qr/^(?:MOVED|ASK) 1/, 'its error');
}

is(slurp("$file.$_"), '+' x 6, "$_: followed five times") for qw/ moved ask /;

$t->wait_log(qr/\[warn\].*sent address of a node has invalid characters/);
is(ask('cmd=GET,a&key=1')->{reply}, 'OK', 'the connection goes on');

$t->{live} = $live;
$t->{live} =~ s/redis\.test/other.test/;
$t->reload;
$t->wait_log(qr/\[warn\].*redis other.test:$port is down: Host not found/);
pass('a name that is not known');

done_testing();
