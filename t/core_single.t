#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Without worker processes, as developers run nginx: streams are published and
# listed, and a reload, which nginx cannot do then, is refused and changes
# nothing.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);

my $t = Test::NginxLive->new(workers => 0, main => 'master_process off;',
    live => 'zone live 16m;
             application live { publish any; hls on; hls_path %%DIR%%/hls; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /hls/ { live_hls; }
                      location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 25);

sub stream { $t->json('/status')->{streams}[0] }
sub listed { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }

wait_for(\&listed, 20, 'playlist');
pass('a stream in a single process');

my $session = stream()->{session};

# none, and other settings

for my $live (undef, 'zone live 16m; application other { publish any; }') {
    my $mark = $t->log_mark;

    $t->set(live => $live, stream => $live && $t->{stream},
            http => 'server { listen 127.0.0.1:%%PORT_http%%; }');
    $t->write_conf;
    kill('HUP', $t->pid);

    $t->wait_log(qr/\[emerg\].*live cannot be reloaded with "master_/, 10,
        $mark);

    my $frames = stream()->{tracks}[0]{frames};

    wait_for(sub { stream()->{tracks}[0]{frames} > $frames + 25 }, 20,
        'frames');
    is(stream()->{session}, $session, 'the stream goes on');
    ok(listed(), 'and its playlist');
}

$t->expect_log(qr/live cannot be reloaded with "master_process off"/);
$pub->stop;

done_testing();
