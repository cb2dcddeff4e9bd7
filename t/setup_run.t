#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What `make run` starts: nginx with conf/nginx.conf, a certificate, the page
# and a test pattern; and that nothing of it is left at the end.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Process qw/ children /;

###############################################################################

plan(skip_all => 'sanitizers are for the library only')
    if $ENV{LIVE_SANITIZE};

Test::NginxLive->need(qw/ live live_rtmp /);

my $top = Test::NginxLive->top();
my $build = Test::NginxLive->build();

# a build directory of its own, with the modules and the page of the real one

my $dir = temp_dir();
mkdir("$build/page");

for my $name (qw/ modules nginx page /) {
    symlink("$build/$name", "$dir/$name") if -e "$build/$name";
}

my %port = map { $_ => free_port() } qw/ RTMP RTMPS HTTP HTTPS /;


sub start {
    return spawn(cmd => [ "$top/util/run", $dir ], env => { %port, @_ });
}


sub status {
    my $r = eval { http($port{HTTP}, '/status') } or return undef;
    return $r->{status} == 200 ? $r->{body} : undef;
}


# everything that runs below a process

sub tree {
    my ($pid) = @_;
    return map { ($_, tree($_)) } children($pid);
}


sub ended {
    my (@pids) = @_;
    return !grep { kill(0, $_) && slurp("/proc/$_/stat") !~ /\) Z / } @pids;
}


my $run = start();

ok(wait_for(sub { (status() // '') =~ /"demo"/ }, 30, 'live/demo'),
    'a test pattern is published');

my $text = $run->output();
like($text, qr{rtmp://\S+:$port{RTMP}/live/}, 'where to push');
like($text, qr{http://\S+:$port{HTTP}/}, 'where to look');

my $r = curl("https://localhost:$port{HTTPS}/");
is($r->{status}, 200, 'page');
is($r->{version}, 2, 'page over HTTP/2');
is(http($port{HTTP}, '/hls.min.js')->{status}, 200, 'player library');

my $cert = slurp("$dir/run/cert/cert.pem");
like($cert, qr/BEGIN CERTIFICATE/, 'certificate');

wait_for(sub { (status() // '') =~ /"redis":\{"mode":"server".*"up":true/ }, 10,
    'redis');
pass('a Redis');
ok(-S "$dir/run/redis/redis.sock", 'on a socket');
is(scalar(grep { slurp("/proc/$_/cmdline") =~ /^redis-server unixsocket:/ }
    tree($run->pid)), 1, 'and on no port');

my @pids = ($run->pid, tree($run->pid));
cmp_ok(scalar @pids, '>', 4, 'nginx, two workers, an encoder');

# the demo comes back

my ($encoder) = grep { slurp("/proc/$_/cmdline") =~ /^ffmpeg/ } @pids;
kill('KILL', $encoder);
ok(wait_for(sub { grep { $_ ne $encoder
        && slurp("/proc/$_/cmdline") =~ /^ffmpeg/ } tree($run->pid) },
    10, 'another encoder'), 'an encoder that died is started again');

push @pids, tree($run->pid);
kill('INT', $run->pid);
is($run->wait(20), 0, 'exit code after Ctrl-C');
ok(wait_for(sub { ended(@pids) }, 5, 'end of all'), 'nothing is left');

# without demo; killed without a chance to clean up

$run = start(DEMO => 'no', REDIS => 'no');

ok(wait_for(sub { status() }, 30, 'status'), 'starts again');
like(status(), qr/"redis":\{"mode":"off","workers":\[\]\}/, 'REDIS=no');
ok(!(grep { slurp("/proc/$_/cmdline") =~ /^redis/ } tree($run->pid)),
    'no Redis');
is(slurp("$dir/run/cert/cert.pem"), $cert, 'the certificate is kept');

@pids = ($run->pid, tree($run->pid));
ok(!(grep { slurp("/proc/$_/cmdline") =~ /^ffmpeg/ } @pids), 'DEMO=no');

kill('KILL', $run->pid);
ok(wait_for(sub { ended(@pids) }, 10, 'end of all'),
    'nothing is left after SIGKILL');

unlike(slurp("$dir/run/logs/error.log"), qr/\[(?:alert|crit|emerg)\]/,
    'no alert');

###############################################################################

done_testing();
