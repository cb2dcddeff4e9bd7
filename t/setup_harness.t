#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The library of the tests itself: it has to fail a test whose nginx
# complained, and to leave nothing behind.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

my $dir = temp_dir();


# Runs a test of its own and returns its result and output.

sub try {
    my ($body) = @_;

    my $file = spit("$dir/try.t", <<"EOT");
use warnings;
use strict;
use Test::More tests => 1;
use lib '$FindBin::Bin/lib';
use Test::NginxLive;
my \$t = Test::NginxLive->new(modules => [],
    http => 'server { listen %%PORT_http%%; location / { return 200 ok; } }');
$body
EOT

    return run_command(cmd => [ $^X, $file ], timeout => 60);
}


my $res = try('$t->start; is($t->get("/")->{body}, "ok", "body");');
is($res->{rc}, 0, 'a good test') or diag($res->{err});

$res = try('$t->start; my ($w) = $t->workers(); kill("KILL", $w);
    $t->wait_log(qr/exited on signal 9/); pass("x");');
isnt($res->{rc}, 0, 'an alert fails the test');
like($res->{err}, qr/error log:.*exited on signal 9/, 'and is shown');

$res = try('$t->start; my ($w) = $t->workers(); $t->kill_worker($w);
    wait_for(sub { $t->workers() == 2 }, 5, "worker"); pass("x");');
is($res->{rc}, 0, 'a worker killed on purpose does not')
    or diag($res->{err});

$res = try('$t->start; $t->expect_log(qr/never said/); pass("x");');
isnt($res->{rc}, 0, 'an expected line that does not come fails it');

$res = try('$t->start; spit($t->path("san/asan.1"), "==1==ERROR"); pass("x");');
isnt($res->{rc}, 0, 'a report of a sanitizer fails it');

# a connection nginx waits for

$res = try('$t->set(exit_timeout => 1, http => q{server { listen %%PORT_http%%; location / {
        proxy_pass http://127.0.0.1:%%PORT_up%%; } }});
    $t->start;
    my $up = IO::Socket::INET->new(Listen => 1, LocalPort => $t->port("up"));
    my $c = $t->client(); $c->request("/"); my $s = $up->accept();
    $t->stop(); pass("x");');
isnt($res->{rc}, 0, 'an nginx that does not exit fails it');
like($res->{err}, qr/did not exit in time/, 'and is named');

# processes of a test that dies

$res = try('$t->start; my $p = spawn(cmd => [
    "perl", "-MPOSIX", "-e", "pause" ]);
    diag("pids ", join(" ", $p->pid, $t->pid, $t->workers())); die "x";');
isnt($res->{rc}, 0, 'a test that dies');

my ($pids) = $res->{err} =~ /pids ([\d ]+)/;
is(scalar(grep { kill(0, $_) } split(' ', $pids // $$)), 0,
    'leaves no process');

# two ports are never the same

my %ports = map { free_port() => 1 } 1 .. 50;
is(scalar keys %ports, 50, 'free ports differ');

# descriptors are counted when connections are gone, and those that stay are
# told

$res = try('$t->start; my ($w) = $t->workers(); my $n = $t->descriptors($w);
    my $c = $t->client(); $c->close;
    is($t->descriptors($w), $n, "descriptors");');
is($res->{rc}, 0, 'descriptors are those that last') or diag($res->{err});

$res = try('$t->set(workers => 1)->start; my $c = $t->client(); $c->get("/");
    $t->descriptors($t->workers());');
like($res->{err}, qr/waiting for connections of process \d+ to be closed/,
    'a connection that stays is named');

# what is said at last tells which test failed and why

$res = try('$t->start; is(1, 2, "one is two");
    wait_for(sub { 0 }, 0.1, "what never comes");');
spit("$dir/good.t", 'print "1..1\nok 1\n"');

$res = run_command(cwd => $dir, timeout => 60,
    env => { LIVE_FAILED => '', LIVE_SANITIZE => '', PROVEFLAGS => '' },
    cmd => [ Test::NginxLive::top() . '/util/test', 'try.t', 'good.t' ]);

isnt($res->{rc}, 0, 'tests of which one fails');

my ($report) = $res->{out} =~ /^(=== failed: 1, .*)/ms;

like($report, qr/^--- try\.t$/m, 'it is named');
unlike($report, qr/good/, 'the other one is not');
like($report, qr/Failed test 'one is two' at .*line \d+/, 'with what failed');
like($report, qr/waiting for what never comes at .*line \d+/, 'with its death');
like($report, qr/^# \| .*start worker/m, 'and with the error log');
cmp_ok(scalar(split(/\n/, $report)), '<', 40, 'in few lines');

###############################################################################

done_testing();
