#!/usr/bin/perl

# Copyright (C) nginx-live authors

# An encoder returns after a restart of nginx while the disk hangs: the thread
# that would look for its session stands before a file that does not open.
# The worker goes on meanwhile, and whatever ends before the thread does comes
# to no harm: clients, the stream, the worker.

###############################################################################

use warnings;
use strict;

use Test::More;
use POSIX ();
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS;
use Test::NginxLive::Viewer qw/ worker_client /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    workers => 1,
    main => 'thread_pool disk threads=1 max_queue=8;',
    live => 'zone live 64m; publish any;
             hls on; hls_path %%DIR%%/hls; hls_threads disk;
             hls_segment 1s; hls_part 200ms; hls_target_duration 6s;
             application live { reconnect 60s; }
             application gone { reconnect 1s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my @apps = qw/ live gone /;
my %pub = map { $_ => encoder($_) } @apps;
my %hls = map { $_ => Test::NginxLive::HLS->new($t, "$_/a") } @apps;

$hls{$_}->multi for @apps;
wait_for(sub { $hls{$_}->list('v0')->{open}{msn} >= 2 }, 20, "segments of $_")
    for @apps;

my $session = $hls{live}->session;

# a file that opens when the test says so

my $hang = $t->path('hls/live/hang');
my $pipe = "$hang/1/v0.m3u8";

mkdir($_) or die "$_: $!\n" for $hang, "$hang/1";
POSIX::mkfifo($pipe, 0666) or die "$pipe: $!\n";
chmod(0777, $hang, "$hang/1");
chmod(0666, $pipe);

# the disk hangs, the encoder returns, clients come and go

restart();

my $left = hang();

$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'recovering' }, 10,
    'a stream that looks for its session');

my $index = $hls{live}->client;
my $list = $hls{live}->client;

$index->request($hls{live}->path('index.m3u8'));
$list->request($hls{live}->path($hls{live}->file('v0.m3u8')));

my $frames = frames();

wait_for(sub { frames() > $frames + 60 }, 20, 'frames meanwhile');
ok(!$index->readable(0.1) && !$list->readable(0.1), 'players wait');

$left->close;

my $pending = hang();
my @more = map { request("live/hang/$_/v0.m3u8") } 2 .. 12;
my @full = grep { $_->readable(1) } @more;

cmp_ok(scalar @full, '>=', 1, 'too much to be read');
is($_->response->{status}, 503, 'is refused') for $full[0];

is(stream('live')->{hls}{state}, 'recovering', 'it still looks');

release();

is($index->response->{status}, 200, 'the multivariant playlist');
is($list->response->{status}, 200, 'the media playlist');
isnt($pending->response->{status}, 200, 'what is no file is none');

is($hls{live}->multi->{session}, $session, 'the session goes on');

# all frames since the encoder came: rates are 30 a second

wait_for(sub {
    my @s = fresh();
    @s >= 2;
}, 20, 'segments of the encoder');

my $seconds = 0;

$seconds += $_->{duration} for fresh();

cmp_ok(frames() / 30 - $seconds, '<', 2.5, 'nothing was lost');

# the stream ends while it looks

restart();
$left = hang();

$pub{gone} = encoder('gone');
wait_for(sub { (stream('gone')->{hls}{state} // '') eq 'recovering' }, 10,
    'a stream that looks for its session');
$pub{gone}->stop;
wait_for(sub { (stream('gone')->{state} // 'ended') eq 'ended' }, 10,
    'its end');

is($t->get('/status')->{status}, 200, 'the worker lives');
release();
ok($left->response, 'and goes on');
wait_for(sub { !%{stream('gone')} }, 10, 'nothing of the stream');

# its encoder changes meanwhile

$left = hang();
$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'recovering' }, 10,
    'a stream that looks for its session');
$pub{live}->stop;
$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{publisher}{count} // 0) >= 2 }, 10,
    'another encoder');
release();
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'live' }, 10, 'HLS');
is($hls{live}->multi->{session}, $session, 'the session goes on');

# the worker is told to exit while it looks

restart();
$left = hang();

$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'recovering' }, 10,
    'a stream that looks for its session');

kill('TERM', $t->pid);
$pub{live}->stop;
release();
$t->stop('TERM');
$left->close;

$t->start;
$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'live' }, 20, 'HLS');
is($hls{live}->multi->{session}, $session, 'the session goes on');

# the worker dies while it looks: another one does

$t->set(workers => 2);
restart();

my ($worker) = $t->workers;

$left = hang(worker => $_) for $t->workers;
$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'recovering' }, 10,
    'a stream that looks for its session');

$t->kill_worker($_) for $t->workers;
wait_for(sub { $t->workers == 2 }, 10, 'new workers');

$pub{live}->stop;
$pub{live} = encoder('live');
wait_for(sub { (stream('live')->{hls}{state} // '') eq 'live' }, 20, 'HLS');
is($hls{live}->multi->{session}, $session, 'the session goes on');

done_testing();

###############################################################################

sub encoder {
    my ($app) = @_;
    return publish($t->rtmp("$app/a"), gop => 15, size => '160x90');
}


sub stream {
    my ($app) = @_;

    my $json = $t->json('/status');
    my ($s) = grep { $_->{application} eq $app } @{$json->{streams}};

    return $s // {};
}


sub frames {
    my ($video) = grep { $_->{kind} eq 'video' } @{stream('live')->{tracks}};
    return $video->{frames} // 0;
}


# The segments since the last discontinuity.

sub fresh {
    my @s = @{$hls{live}->list('v0')->{segments}};
    my $at = 0;

    for my $i (0 .. $#s) {
        $at = $i if $s[$i]{discontinuity};
    }

    return @s[$at .. $#s];
}


sub restart {
    $t->stop('TERM');
    $_->kill for values %pub;
    $t->start;
}


sub request {
    my ($uri, %opt) = @_;

    my $c = worker_client($t, sub { $t->client }, %opt);

    $c->request("/hls/$uri");
    return $c;
}


# Has the thread wait; the client who asked for it.

sub hang {
    my (%opt) = @_;

    my $c = request('live/hang/1/v0.m3u8', %opt);

    ok(!$c->readable(0.3), 'the disk hangs');
    return $c;
}


sub release {
    my $fd = wait_for(sub {
        POSIX::open($pipe, POSIX::O_WRONLY | POSIX::O_NONBLOCK);
    }, 10, 'the thread at its file');

    POSIX::close($fd);
}
