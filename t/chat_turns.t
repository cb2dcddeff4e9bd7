#!/usr/bin/perl

# Copyright (C) nginx-live authors

# More clients than a worker tells in one turn of its event loop, in rooms that
# have to share it, while some leave and come back.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Crowd;
use Test::NginxLive::Process ();

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $slow = Test::NginxLive::Process::factor() > 1;

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { chat_history 100; }',
    http => 'live_chat_guests write; live_chat_rate off;
             server { listen 127.0.0.1:%%PORT_http%% reuseport backlog=2048;
                 location /chat/ { live_chat; } }'
)->start;

my $crowd = Test::NginxLive::Crowd->new(nodes => [ $t ], rooms => 2,
    clients => 2400, rate => $slow ? 4 : 20)->start;

$crowd->talk($slow ? 10 : 40);
$crowd->calm;

# half of them come back, all at once

my ($pid) = $t->workers;
$t->kill_worker($pid);
$crowd->talk($slow ? 20 : 60);

my $r = $crowd->good('rooms of more than a turn');
cmp_ok($r->{resumed}, '>', 0, 'some have come back');

done_testing();

###############################################################################
