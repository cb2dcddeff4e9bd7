#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Helper processes: one copies the sound of a stream, one makes Opus of it.
# They die, hang, lose their worker, and go with the stream; the stream itself
# notices nothing.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Ogg;

###############################################################################

Test::NginxLive->need(qw/ live live_test live_rtmp live_flv live_hls /);

my $media = Test::NginxLive->build() . '/helpers/live-media';
plan(skip_all => 'live-media is not built') unless -x $media;

my $t = Test::NginxLive->new(
    live => "zone live 64m; reconnect 10s;
             application live {
                 publish any; hls on; hls_path %%DIR%%/hls;
                 test_helper copy $media copy;
                 test_helper opus $media opus 64000;
             }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /flv/ { live_flv; }
                      location /hls/ { live_hls; }
                      location /frames { live_test_frames; } }'
)->start;

my %descriptors = map { $_ => descriptors($_) } $t->workers;

my %pub = (gop => 30, audio => 48000);
my $pub = publish($t->rtmp('live/a'), %pub);

wait_for(sub { running('copy') && running('opus') }, 15, 'helpers');

my $flv = play($t->url('/flv/live/a.flv'), out => $t->path('a.flv'));

# tracks

my %seen;

wait_for(sub { collect(); frames(helper('opus')->{track}) > 250 }, 30,
    'five seconds of Opus');

my ($copy, $opus) = map { helper($_)->{track} } qw/ copy opus /;

isnt($copy, $opus, 'each has a track');

my %original = map { $_->{dts} => $_ } frames(1);
my @copied = grep { $original{$_->{dts}} } frames($copy);

cmp_ok(scalar(@copied), '>', 150, 'frames of the copy');
is(scalar(grep { $_->{hex} ne $original{$_->{dts}}{hex} } @copied), 0,
    'byte for byte');
is($seen{config}{$copy}, $seen{config}{1}, 'so is its configuration');

like($seen{config}{$opus}, qr/^904f7075734f70757348656164/,
    'configuration of Opus');
is(scalar(grep { $_->{hex} !~ /^914f707573/ } frames($opus)), 0,
    'header of its frames');

my @dts = map { $_->{dts} } frames($opus);
my %steps;
$steps{$dts[$_] - $dts[$_ - 1]}++ for 1 .. $#dts;
is_deeply([ keys %steps ], [ 1800 ], 'packets of 20 ms, none is missing')
    or diag(explain(\%steps));

# helpers are niced: not at any moment

my $s;

ok(eval { wait_for(sub {
    $s = stream();
    my %time = map { $_->{id} => $_->{time} } @{$s->{tracks}};
    return abs($time{$opus} - $time{0}) < 0.1;
}, 10, 'Opus') }, 'as new as the pictures');

my ($track) = grep { $_->{id} == $opus } @{$s->{tracks}};
is($track->{codec}, 'opus', 'codec in the status');
is($track->{source}, 1, 'and what it is made of');

# the tone is where it was

my $ogg = spit($t->path('opus.ogg'),
    Test::NginxLive::Ogg::opus(pack('H*', substr($seen{config}{$opus}, 10)),
    map { pack('H*', substr($_->{hex}, 10)) } frames($opus)));

ok(decodes($ogg), 'Opus decodes');
cmp_ok(abs(ffprobe($ogg)->{format}{duration} - @dts * 0.02), '<', 0.03,
    'to its duration');

# what a helper inherits

my $pid = helper('opus')->{pid};
is_deeply([ sort map { m{(\d+)$} } glob("/proc/$pid/fd/*") ], [ 0, 1, 2 ],
    'descriptors of a helper');
is((split(' ', slurp("/proc/$pid/stat")))[18], 5, 'its niceness');
isnt(session($pid), session($t->pid), 'a session of its own');
like(slurp("/proc/$pid/status"), qr/^SigBlk:\s+0+$/m, 'no signal is blocked');

# it dies

my $mark = $t->log_mark;

for my $n (1 .. 3) {
    my $pid = running('opus')->{pid};
    kill('KILL', $pid);

    wait_for(sub { my $h = running('opus'); $h && $h->{pid} != $pid }, 15,
        "restart $n");
    is(helper('opus')->{restarts}, $n, "restart $n is counted");
    gone('no zombie', $pid);
}

is_deeply([ map { /next start in (\d+) ms/ }
            $t->log_lines(qr/\[warn\].*"opus" of "live\/a" has died/, $mark) ],
    [ 500, 1000, 2000 ], 'a line for each, with the back-off');
is(helper('copy')->{restarts}, 0, 'the other one is not concerned');

# it hangs

$pid = helper('copy')->{pid};
kill('STOP', $pid);

wait_for(sub { my $h = running('copy'); $h && $h->{pid} != $pid }, 15,
    'restart of one that hangs');
is(helper('copy')->{killed}, 1, 'one that hangs is killed');
gone('and gone', $pid);
$t->wait_log(qr/"copy" of "live\/a" does not answer and was killed/);

# fields and documentation

my ($docs) = slurp(Test::NginxLive->top() . '/docs/live.md')
    =~ /^`helpers`\n:(.*?)^\S/ms;

is(join(' ', sort $docs =~ /`([a-z]+)`/g), join(' ', sort keys %{helper('copy')}),
    'fields of a helper are in docs/live.md');

# its worker dies

$flv->stop;
ok(decodes($t->path('a.flv')), 'a player has noticed nothing');

my $probe = ffprobe($t->path('a.flv'), packets => 1);
is_deeply([ map { $_->{codec_name} } @{$probe->{streams}} ],
    [ qw/ h264 aac / ], 'and has got the tracks of the publisher');
is_deeply(holes($probe, 0.04), [], 'without a hole');

$s = stream();
is($s->{dropped}, 0, 'no frame is lost');
is($s->{skipped}, 0, 'no reader was moved');
is(scalar(@{$s->{hls}{renditions}}), 2, 'HLS has two renditions');
is($s->{hls}{discontinuities}, 0, 'without a discontinuity');

my %old = map { $_ => helper($_) } qw/ copy opus /;
my $owner = owner();

$t->kill_worker($owner);
$pub->wait;

gone('helpers end with their worker', map { $_->{pid} } values %old);

$t->allow_log(qr/open socket/);
wait_for(sub { $t->workers == 2 }, 10, 'another worker');
$pub = publish($t->rtmp('live/a'), %pub);

wait_for(sub { running('copy') && running('opus') }, 15,
    'helpers of another worker');
isnt(owner(), $owner, 'started by another worker');
is(helper($_)->{restarts}, $old{$_}{restarts}, "$_: count is kept")
    for qw/ copy opus /;
is(helper($_)->{track}, $old{$_}{track}, "$_: so is the track")
    for qw/ copy opus /;

my $out = helper('opus')->{out};
wait_for(sub { helper('opus')->{out} > $out + 50 }, 10, 'more Opus');

# reload

%old = map { $_ => helper($_) } qw/ copy opus /;
$t->reload;
$out = helper('opus')->{out};
wait_for(sub { helper('opus')->{out} > $out + 50 }, 10, 'Opus after a reload');
is(helper($_)->{pid}, $old{$_}{pid}, "$_: goes on") for qw/ copy opus /;

$mark = $t->log_mark;
$pub->stop;

gone('helpers end with the publisher', map { $_->{pid} } values %old);
is($t->log_lines(qr/\[warn\].*helper/, $mark), 0, 'quietly');
wait_for(sub { !$t->old_workers }, 10, 'end of the old worker');

# end of the stream, nothing is left

$pub = publish($t->rtmp('live/a'), %pub);
wait_for(sub { running('copy') && running('opus') }, 15, 'helpers again');
%old = map { $_ => helper($_) } qw/ copy opus /;
$pub->stop;

wait_for(sub { !$t->json('/status')->{streams}[0] }, 20, 'end of the stream');
gone('no process is left', map { $_->{pid} } values %old);

my ($least) = sort { $a <=> $b } values %descriptors;
ok(wait_for(sub { !grep { descriptors($_) > $least + 1 } $t->workers }, 10,
    'descriptors'), 'nor a descriptor');

###############################################################################

done_testing();

###############################################################################

sub stream { $t->json('/status')->{streams}[0] // {} }

sub helper {
    my ($name) = @_;
    my ($h) = grep { $_->{name} eq $name } @{stream()->{helpers} // []};
    return $h // {};
}


# that has answered since it was started: it has made frames

sub running {
    my ($name) = @_;

    my $h = helper($name);
    return $h->{running} && $h->{out} && -e "/proc/$h->{pid}/fd" ? $h : undef;
}


# the worker that has started the newest helper

sub owner {
    my ($line) = reverse $t->log_lines(qr/helper "\w+" of "[^"]+" started/);
    return $line =~ /(\d+)#\d+: / ? $1 : 0;
}


sub collect {
    my $text = $t->get('/frames?app=live&name=a')->{body};

    for my $line (split(/\n/, $text)) {
        my ($what, $track, @f) = split(' ', $line);

        if ($what eq 'C') {
            $seen{config}{$track} = $f[1];
            next;
        }

        $seen{frames}{$track}{$f[0]} = { dts => $f[1], flags => $f[2],
            prefix => $f[3], hex => $f[4] };
    }
}


sub frames {
    my ($track) = @_;

    my $frames = $seen{frames}{$track // -1} // {};
    return map { $frames->{$_} } sort { $a <=> $b } keys %$frames;
}


# no process and no zombie, for which there is no other place than /proc

sub gone {
    my ($name, @pids) = @_;

    my $ok = eval {
        wait_for(sub { !grep { -e "/proc/$_" } @pids }, 10, 'end');
    };

    ok($ok, $name) or diag(map { slurp("/proc/$_/stat") } @pids);
}


# places where a stream's packets are farther apart than that

sub holes {
    my ($probe, $limit) = @_;
    my (%last, @holes);

    for my $p (@{$probe->{packets}}) {
        my $i = $p->{stream_index};

        push @holes, $p->{dts_time}
            if defined $last{$i} && $p->{dts_time} - $last{$i} > $limit;
        $last{$i} = $p->{dts_time};
    }

    return \@holes;
}


sub session { (split(' ', slurp("/proc/$_[0]/stat")))[5] }

sub descriptors { scalar(() = glob("/proc/$_[0]/fd/*")) }
