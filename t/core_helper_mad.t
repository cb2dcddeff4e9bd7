#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Helpers that are none: a program that does not exist, one that talks too
# much, one that answers with nonsense, one that reads nothing.  Each is
# started anew by and by; the stream goes on.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_test live_rtmp live_flv /);

my $t = Test::NginxLive->new(
    live => "zone live 64m; reconnect 1s; publish any;
             application none { test_helper none /nonexistent/program; }
             application talk {
                 test_helper talk /bin/sh -c
                     'for i in 0 1 2 3 4 5 6 7 8 9; do
                          echo one\$i; echo two\$i >&2; echo three\$i;
                      done; exec cat > /dev/null';
             }
             application junk {
                 test_helper junk /bin/sh -c 'echo nonsense nonsense nonsense nonsense >&0;
                      perl -MPOSIX -e pause';
             }
             application endless {
                 test_helper endless /bin/sh -c
                     'exec perl -e \"open(F, q/+<&=0/);
                          syswrite(F, pack(q/n C C x28/, 0x4c48, 1, 4)
                                      x 100) while 1;\"';
             }
             application closed {
                 test_helper closed /bin/sh -c 'exec 0</dev/null;
                     perl -MPOSIX -e pause';
             }
             application flood {
                 test_helper flood /usr/bin/perl -e
                     'my \$m = pack(q/n C C N C C n N N N q>/,
                                    0x4c48, 1, 1, 19, 0, 0, 0, 0x4f707573,
                                    1, 0, 0)
                               . pack(q/a8 C C v V v C/, q/OpusHead/, 1, 2,
                                      0, 48000, 0, 0);
                      open(my \$f, q/+<&=0/); syswrite(\$f, \$m);
                      for my \$i (0 .. 100000) {
                          syswrite(\$f, pack(q/n C C N C C n N N N q>/,
                                    0x4c48, 1, 2, 1000, 0, 0, 0, 0, 1, 0,
                                    \$i * 9) . chr(0) x 1000);
                      }';
             }
             application future {
                 test_helper future /usr/bin/perl -MPOSIX -e
                     'open(my \$f, q/+<&=0/);
                      syswrite(\$f, pack(q/n C C N C C n N N N q>/,
                                    0x4c48, 1, 2, 1, 0, 0, 0, 0, 1, 0, 0)
                               . q/x/); POSIX::pause()';
             }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /flv/ { live_flv; } }'
)->start;

my @names = qw/ none talk junk endless closed flood future /;
my @pubs = map { publish($t->rtmp("$_/a"), video => 0, audio => 48000) }
    @names;

wait_for(sub { 6 == grep { (helper($_)->{restarts} // 0) > 1 }
               grep { $_ ne 'talk' } @names }, 20, 'restarts');

my $log = $t->log_text;

like($log, qr{"none" of "none/a": execve\("/nonexistent/program"\) failed},
    'a program that does not exist');
like($log, qr/"none" of "none\/a" has died, next start in 1000 ms/,
    'back-off');

like($log, qr/"junk" of "junk\/a" sent something else than messages/,
    'nonsense');
cmp_ok(helper('junk')->{killed}, '>', 1, 'is killed');

like($log, qr/"endless" of "endless\/a" sent too much at once and was killed/,
    'messages without end');
like($log, qr/"flood" of "flood\/a" sent more than its bit rate/,
    'too much of it');
like($log, qr/"future" of "future\/a" sent a frame before its config/,
    'a frame without a configuration');

is(scalar($t->log_lines(qr/"talk" of "talk\/a": (?:one|two|three)/)), 16,
    'lines of a talkative one are bounded');
wait_for(sub { helper('talk')->{killed} }, 10, 'end of one that is silent');
pass('one that reads and does not answer is killed');

# all of them are gone, those too that have closed the socket only

$_->stop for @pubs;
wait_for(sub { !@{$t->json('/status')->{streams}} }, 15, 'end of streams');

my @pids = map { /pid (\d+)/ } $t->log_lines(qr/helper .* started, pid/);
cmp_ok(scalar(@pids), '>', 10, 'there were some');

ok(eval { wait_for(sub { !alive(@pids) }, 10, 'end') }, 'all are gone')
    or diag(alive(@pids));

###############################################################################

done_testing();

###############################################################################

sub helper {
    my ($name) = @_;

    for my $s (@{$t->json('/status')->{streams}}) {
        return $s->{helpers}[0] // {} if $s->{application} eq $name;
    }

    return {};
}


# their sessions, with what they have started

sub alive {
    my %pids = map { $_ => 1 } @_;

    return grep { /\) ([A-Z]) \d+ \d+ (\d+)/ && $1 ne 'Z' && $pids{$2} }
        map { slurp($_) } glob('/proc/[0-9]*/stat');
}
