#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A token that is revoked in the instant between the access check and the
# entry of the session: there is no session yet that could be ended.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_test
    ngx_live_token_module ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m;
             token_key %%DIR%%/keys;
             application live { publish token; play token; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir);

$t->start;

# the start of "revoke-ID" revokes the token ID, after the check

my $mark = $t->log_mark;
my $c = publisher('j1');

is($c->status->{description}, 'Publishing was ended by the server.',
    'the publisher is told');
ok($c->closed(5), 'and closed');

my $log = $t->log_since($mark);

like($log, qr/tokens of jti "j1" are revoked, 0 sessions end/,
    'there was no session to end');
like($log, qr{session of "live/revoke-j1" is allowed no more},
    'it is found out when the session is entered');
unlike($log, qr/refused/, 'it was allowed');

# that of another token stays

$mark = $t->log_mark;
$c = publisher('j2', 'j3');

like($t->log_since($mark), qr/tokens of jti "j3" are revoked, 0 sessions end/,
    'another one is revoked');
ok(!$c->closed(1), 'the publisher stays');

$c->close;

done_testing();

###############################################################################

sub publisher {
    my ($jti, $revoked) = @_;

    my $name = 'revoke-' . ($revoked // $jti);
    my $token = $keys->token('HS256', jti => $jti, role => 'creator',
                             stream => 'live/*');
    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    $c->publish('live', "$name?token=$token");

    return $c;
}
