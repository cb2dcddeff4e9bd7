#!/usr/bin/perl

# Copyright (C) nginx-live authors

# R11, R22: sessions that wait for their encoder after a restart.  Their
# playlists block as those of living streams do: until the encoder is back, in
# whatever worker, until the session has got its end, or for three target
# durations; how many may wait is limited.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media /;
use Test::NginxLive::Viewer qw/ worker_client /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s; hls_part 200ms;
             hls_window 60s; hls_target_duration 6s;
             application live { reconnect 60s; hls_waiters 8;
                                hls_target_duration 20s; hls_part 500ms; }
             application slow { reconnect 60s; hls_target_duration 1s; }
             application gone { reconnect 2s; hls_target_duration 8s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my @apps = qw/ live slow gone /;
my %pub = map { $_ => publish($t->rtmp("$_/a"), gop => 15, size => '160x90') }
    @apps;
my %hls = map { $_ => Test::NginxLive::HLS->new($t, "$_/a") } @apps;

$hls{$_}->multi for @apps;
wait_for(sub { $hls{$_}->list('v0')->{open}{msn} >= 2 }, 20, "segments of $_")
    for @apps;

my $session = $hls{live}->session;

$t->stop('TERM');
$_->kill for values %pub;

my $mark = $t->log_mark;
$t->start;

# what is there, and what cannot be

my %next = map { $_ => stored($_)->{open}{msn} } @apps;

for my $app (qw/ live slow /) {
    my ($next, $hls) = ($next{$app}, $hls{$app});

    is(status($hls, '_HLS_msn=' . ($next - 1)), 200, "$app: what is there");
    is(status($hls, '_HLS_msn=' . ($next + 2)), 400, 'is far ahead');
    is(status($hls, '_HLS_part=2'), 400, 'makes no sense');
    is(status($hls, '_HLS_msn=x'), 400, 'is no number');
    is(status($hls, ''), 200, 'is not asked for');
}

# held: of one that gets its end

my $gone = hold('gone');

# of one whose encoder returns, in both workers and in both tracks

my @workers = $t->workers;
my @held = map { hold('live', worker => $_) } @workers, @workers;

push @held, hold('live', worker => $workers[0], track => 'a1'),
    hold('live', worker => $workers[0], track => 'a1', part => 0);

ok(!(grep { $_->readable(0.3) } @held, $gone), 'they are held');

# limits, and clients that go

my @more = map { hold('live', worker => $workers[0]) } 1 .. 5;
my @full = grep { $_->readable(2) } @more;

is(scalar @full, 1, 'one more than may wait');
is($full[0]->response->{status}, 503, 'is told so');

$_->close for @more;

my $again;

wait_for(sub {
    $again = hold('live', worker => $workers[0]);
    !$again->readable(0.3);
}, 10, 'room that clients have left');

# three target durations

my $begun = time();
my $slow = hold('slow');
my $r = $slow->response;

is($r->{status}, 503, 'no news');
ok($r->{headers}{'retry-after'}, 'and when to try again');
cmp_ok(time() - $begun, '>=', 2.9, 'after three target durations');
is($slow->get($hls{slow}->path($hls{slow}->file('v0.m3u8')))->{status}, 200,
    'the connection is kept');

# workers that are replaced still have what they hold

$t->reload;

push @held, $again, hold('live', worker => ($t->workers)[0]);

$pub{live} = publish($t->rtmp('live/a'), gop => 15, size => '160x90');

for my $c (@held) {
    my $r = $c->response;

    is($r->{status}, 200, 'the encoder is back');
    cmp_ok(parse_media($r->{body})->{open}{msn}, '>', $next{live},
        'with what was waited for');
}

is($hls{live}->multi->{session}, $session, 'the session goes on');

# the end

$r = wait_for(sub {
    $gone->{timeout} = 40;
    my $r = $gone->response;
    $gone = hold('gone') if $r->{status} != 200;
    $r->{status} == 200 ? $r : undef;
}, 60, 'the end');

is($r->{status}, 200, 'a session that ends');
like($r->{body}, qr/#EXT-X-ENDLIST\n$/, 'is told to those who wait');
is(status($hls{gone}, '_HLS_msn=' . ($next{gone} + 9)), 200,
    'nobody waits for more of it');

is(scalar($t->log_lines(qr/\[alert\]/, $mark)), 0, 'no alerts');

done_testing();

###############################################################################

sub stored {
    my ($app) = @_;

    return wait_for(sub {
        my $r = $hls{$app}->get($hls{$app}->file('v0.m3u8'));
        $r->{status} == 200 ? parse_media($r->{body}) : undef;
    }, 10, "stored playlist of $app");
}


sub status {
    my ($hls, $query) = @_;

    return $hls->get($hls->file('v0.m3u8'),
        query => length $query ? [ $query ] : [])->{status};
}


# A client whose request asks for what is to come.

sub hold {
    my ($app, %opt) = @_;

    my $hls = $hls{$app};
    my $c = worker_client($t, sub { $hls->client }, worker => $opt{worker});

    $c->{timeout} = 20;
    $c->request($hls->path($hls->file(($opt{track} // 'v0') . '.m3u8'),
        "_HLS_msn=$next{$app}&_HLS_part=" . ($opt{part} // 3)));

    return $c;
}
