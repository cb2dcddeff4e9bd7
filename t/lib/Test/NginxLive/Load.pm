package Test::NginxLive::Load;

# Copyright (C) nginx-live authors

# What the machine does to the programs of a test: how long they had to wait
# for a processor, by the kernel's own account.  A test that judges the clock of
# a picture can tell by it what is the server's fault.
#
#     my $load = Test::NginxLive::Load->new;
#     ...
#     $load->disturbed    what the machine has done, or undef
#     $load->waited       the longest that one has waited within a second
#     $load->who          which one has waited
#     $load->used         the most that nginx has used within a second
#
# Of ffmpeg and nginx all threads are looked at, of others the first one.  A
# machine that is itself a guest and had to wait counts, too.
#
#     my $watch = watch();
#     ...
#     cmp_ok($watch->(), '<', 0.2)
#
# is a clock that stands while this test or a program of its waits for a
# processor.
#
#     is(undisturbed(sub { ... }), '', 'at the right moment');
#
# does something that takes a quick client, and does it again when the code
# returns a complaint and somebody had to wait meanwhile.

use warnings;
use strict;

use Exporter qw/ import /;
use List::Util qw/ max sum0 /;
use POSIX ();
use Time::HiRes qw/ time sleep /;

use Test::NginxLive::Process qw/ children slurp spawn temp_dir /;

our @EXPORT_OK = qw/ watch undisturbed /;

my $STEP = 0.1;
my $MUCH = 0.4;
my $TICK = 1 / POSIX::sysconf(POSIX::_SC_CLK_TCK());


sub new {
    my ($class) = @_;

    my ($of, $log) = ($$, temp_dir() . '/load');

    my $proc = spawn(cmd => [ 'load' ], code => sub {
        open(my $fh, '>', $log) or die "$log: $!\n";
        $fh->autoflush(1);
        _measure($fh, $of);
    });

    return bless { proc => $proc, log => $log }, $class;
}


# In words, if it was enough to delay a picture visibly and nginx is not the one
# that has kept the others waiting.

sub disturbed {
    my ($self) = @_;

    my ($waited, $used) = ($self->waited, $self->used);

    return undef if $waited < $MUCH || $used > $MUCH;
    return sprintf('%s has waited for a processor %.2f s of a second',
        $self->who, $waited);
}


sub waited { $_[0]->_worst('W')->[0] }

sub who { $_[0]->_worst('W')->[1] }

sub used { $_[0]->_worst('U')->[0] }


sub stop {
    my ($self) = @_;

    $self->{proc}->stop('TERM');
    return $self;
}


sub _worst {
    my ($self, $letter) = @_;

    my ($worst) = sort { $b->[0] <=> $a->[0] }
        map { [ split(' ') ] } slurp($self->{log}) =~ /^$letter (.*)/mg;

    return $worst // [ 0, '' ];
}


sub watch {
    my ($start, $before) = (time(), _tasks_waits());

    return sub {
        my $took = time() - $start;
        return max(0, $took - _since($before, $took));
    };
}


sub undisturbed {
    my ($code) = @_;
    my $complaint;

    for (1 .. 5) {
        my ($start, $before) = (time(), _tasks_waits());

        $complaint = $code->();
        last if $complaint eq '' || _since($before, time() - $start) < 0.05;
    }

    return $complaint;
}


sub _tasks_waits { _waits({ "/proc/$$" => 'test', %{_tasks($$)} }) }


# What all have waited in the TOOK seconds since BEFORE.

sub _since {
    my ($before, $took) = @_;

    my $now = _tasks_waits();

    return sum0(map { _passed($now->{$_}[0], $before->{$_}[0] // 0, $took) }
                grep { !/^cpu of/ } keys %$now);
}


# The kernel's account may jump: nobody waits for longer than there was time.

sub _passed {
    my ($now, $before, $took) = @_;

    my $passed = $now - $before;
    return $passed < 0 || $passed > $took + 0.05 ? 0 : $passed;
}


# Each second the sums of the last second.

sub _measure {
    my ($fh, $of) = @_;

    my (%last, %sums, $tasks);
    my $next = time();
    my $then = $next;

    for (my $n = 0; ; $n++) {
        $tasks = _tasks($of) if $n % 5 == 0;

        my %now = (%{_waits($tasks)}, %{_steal()});
        my $took = time() - $then;

        $then += $took;

        for my $id (keys %now) {
            my $sum = $sums{$id} //= [];

            push @$sum, _passed($now{$id}[0],
                $last{$id} ? $last{$id}[0] : $now{$id}[0], $took);
            shift @$sum if @$sum > 1 / $STEP;
        }

        _write($fh, 'W', \%now, \%sums, grep { !/^cpu of/ } keys %now);
        _write($fh, 'U', \%now, \%sums, grep { /^cpu of/ } keys %now);

        %last = %now;
        delete $sums{$_} for grep { !$now{$_} } keys %sums;

        $next += $STEP;
        sleep($next - time()) if $next > time();
    }
}


sub _write {
    my ($fh, $letter, $now, $sums, @ids) = @_;

    my ($most, $who) = (0, '');

    for my $id (@ids) {
        my $sum = sum0(@{$sums->{$id}});
        ($most, $who) = ($sum, $now->{$id}[1]) if $sum > $most;
    }

    printf $fh "%s %.3f %s\n", $letter, $most, $who;
}


# The tasks below a process but for this one: path and name of each.

sub _tasks {
    my ($of) = @_;

    my (%children, %tasks);

    for my $file (glob('/proc/[0-9]*/stat')) {
        next unless slurp($file) =~ /^(\d+) \((.*)\) \S (\d+) /s;
        push @{$children{$3}}, [ $1, $2 ];
    }

    my @queue = grep { $_->[0] != $$ } @{$children{$of} // []};

    while (my $p = shift @queue) {
        my ($pid, $name) = @$p;
        my @threads = $name =~ /^(?:nginx|ffmpeg)/
                      ? glob("/proc/$pid/task/*") : ("/proc/$pid/task/$pid");

        $tasks{$_} = $name for @threads;
        push @queue, @{$children{$pid} // []};
    }

    return \%tasks;
}


# Seconds that each has waited, and of nginx those that it has used.

sub _waits {
    my ($tasks) = @_;
    my %now;

    for my $path (keys %$tasks) {
        my ($ran, $waited) = split(' ', slurp("$path/schedstat"));
        next unless defined $waited;

        $now{$path} = [ $waited / 1e9, $tasks->{$path} ];
        $now{"cpu of $path"} = [ $ran / 1e9, $tasks->{$path} ]
            if $tasks->{$path} eq 'nginx';
    }

    return \%now;
}


sub _steal {
    return { map { my @f = split(' '); $f[0] =~ /^cpu\d/
                   ? ($f[0] => [ $f[8] * $TICK, $f[0] ]) : () }
             split(/\n/, slurp('/proc/stat')) };
}


1;
