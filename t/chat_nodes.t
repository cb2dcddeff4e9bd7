#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A crowd whose clients lose messages, swap them and see them twice: all of it
# is found.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Crowd;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);

my $t = node('a');

# who errs is found

{
    my $crowd = Test::NginxLive::Crowd->new(nodes => [ $t ], clients => 8,
        rooms => 2, rate => 100, patience => 2, uri => '/chat/live/cheat',
        cheat => 'lost,order,twice,untrue')->start;

    $crowd->talk(30);

    is($crowd->found, 'lost: 5, moved: 1, order: 1, twice: 1',
        'faults are found');
    is($crowd->report->{settled}, -1, 'something is missing');
}

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 64m; application live { }",
        http => 'live_chat_guests write; live_chat_rate off;
                 server { listen 127.0.0.1:%%PORT_http%% reuseport;
                     location /chat/ { live_chat; }
                     location /status { live_status; } }'
    )->start;
}
