#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Tips and announcements: by a server's token, counted once, with totals and a
# history that outlasts the log; payments by a webhook signed in Stripe's
# scheme.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::HTTP;
use Test::NginxLive::Schema;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $t = Test::NginxLive->new(
    live => "zone live 64m; token_key " . $keys->dir . ";
        chat_tips 20 keys=10; chat_history 5;
        application live { play any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             live_chat_rate off; live_chat_message_length 4000;
             live_chat_message_size 8k;
             location /chat/ { live_chat; live_chat_guests write; } }'
)->start;

my $schema = Test::NginxLive::Schema->new("$Test::NginxLive::TOP/docs/"
    . 'chat-protocol.schema.json');

my $server = token('shop', 'server');
my $mod = client(token('mona', 'moderator'));
my $viewer = client(token('vera', 'viewer'));
my $guest = client('');

$_->join for $mod, $viewer, $guest;

# tips

my $r = tip($server, amount => 500, currency => 'eur', key => 'k1',
    user => { id => 'joe', name => " Joe\nDoe " }, text => ' Great! ');
is($r->{status}, 200, 'a tip');

my $m = $guest->wait('tip');
is($m->{id}, body($r)->{id}, 'its id');
is_deeply([ @$m{qw/ amount currency text total /} ], [ 500, 'EUR', 'Great!', 500 ],
    'is told');
is_deeply($m->{user}, { id => 'joe', name => 'Joe Doe', role => 'viewer' },
    'of whom');

$r = tip($server, amount => 500, currency => 'EUR', key => 'k1');
is($r->{status}, 200, 'the same key');
is_deeply(body($r), { repeated => JSON::PP::true }, 'counts once');

tip($server, amount => 250, currency => 'EUR', user => { name => 'Ann' });
$m = $guest->wait('tip');
is($m->{total}, 750, 'another');
is_deeply($m->{user}, { id => 'guest', name => 'Ann', role => 'guest' },
    'of a guest');

tip($server, amount => 1_000_000_000_000, currency => 'JPY');
$m = $guest->wait('tip');
is($m->{total}, 1_000_000_000_000, 'a total per currency');
ok(!exists $m->{user}, 'of nobody');

my $w = client('');
is_deeply($w->join->{room}{totals}, { EUR => 750, JPY => 1_000_000_000_000 },
    'totals in the welcome');
$w->close;

# who may, and what

for my $role (qw/ viewer moderator creator publisher /) {
    $r = tip(token($role, $role), amount => 1, currency => 'EUR');
    is($r->{status}, 403, "not a $role");
}

is(tip('', amount => 1, currency => 'EUR')->{status}, 403, 'not a guest');
is(tip(token('root', 'admin'), amount => 1, currency => 'EUR')->{status}, 200,
    'an admin');

is(tip($server, @$_)->{status}, 400, "not @$_") for
    [ amount => 0, currency => 'EUR' ], [ amount => 1.5, currency => 'EUR' ],
    [ amount => 1_000_000_000_001, currency => 'EUR' ], [ amount => 1 ],
    [ amount => -5, currency => 'EUR' ], [ amount => '5', currency => 'EUR' ],
    [ amount => 1, currency => 'EURO' ], [ amount => 1, currency => 'E1R' ],
    [ amount => 1, currency => 'EUR', key => 'a b' ],
    [ amount => 1, currency => 'EUR', key => 'k' x 256 ],
    [ amount => 1, currency => 'EUR', user => 'joe' ],
    [ amount => 1, currency => 'EUR', user => { id => '' } ],
    [ amount => 1, currency => 'EUR', text => 'x' x 4001 ];

# announcements

post($server, type => 'announcement', text => 'At nine.');
$m = $guest->wait('announcement');
is($m->{text}, 'At nine.', 'an announcement of a server');
is($m->{by}{role}, 'server', 'by it');
$mod->send(type => 'announcement', text => 'At ten.', id => 'a1');
is($mod->wait(qr/ack|error/)->{type}, 'ack', 'of a moderator');
is($guest->wait('announcement')->{text}, 'At ten.', 'is told');
$viewer->send(type => 'announcement', text => 'Never.', id => 'a2');
is($viewer->wait(qr/ack|error/)->{code}, 'forbidden', 'not of a viewer');

# the history outlasts the log, unless a moderator has removed it

my ($bad) = map { body($_)->{id} } tip($server, amount => 1, currency => 'EUR',
    text => 'rude', user => { id => 'rudi' });

done($mod, action => 'delete', target => $bad);
fill_log(300, 4000);

my $h = tips();
is($schema->fault($h, 'tips'), undef, 'as the schema says');
is_deeply([ map { $_->{amount} } @{$h->{tips}} ],
    [ 500, 250, 1_000_000_000_000, 1 ], 'a history of tips');
is($h->{totals}{EUR}, 752, 'what was given was given');
is_deeply([ map { $_->{amount} } @{tips('tips=1')->{tips}} ], [ 1 ],
    'the newest');

# as many keys are remembered as was said

tip($server, amount => 1, currency => 'CHF', key => "n$_") for 1 .. 10;
is_deeply(body(tip($server, amount => 1, currency => 'CHF', key => 'n1')),
    { repeated => JSON::PP::true }, 'a key of ten');
ok(body(tip($server, amount => 1, currency => 'CHF', key => 'k1'))->{id},
    'an older one is forgotten');

# totals do not overflow

my @codes = map { tip($server, amount => 1, currency => $_)->{status} }
    map { "AA$_" } 'A' .. 'Z';
is(scalar(grep { $_ == 409 } @codes), 26 - 13, 'sixteen currencies');

$_->close for $mod, $viewer, $guest;

done_testing();

###############################################################################

sub token {
    my ($sub, $role) = @_;
    return $keys->token('HS256', sub => $sub, stream => 'live/*',
        role => $role);
}


sub client {
    my ($token) = @_;
    return Test::NginxLive::Chat->new($t, "/chat/live/a?token=$token");
}


sub post {
    my ($token, %what) = @_;
    return $t->get("/chat/live/a?token=$token", method => 'POST',
        body => JSON::PP->new->utf8->canonical->encode(\%what));
}


sub tip { my $token = shift; return post($token, type => 'tip', @_) }

sub body { return JSON::PP::decode_json($_[0]{body}) }

sub tips { return $t->json('/chat/live/a?' . ($_[0] // 'tips')) }


sub done {
    my ($c, %what) = @_;
    $c->send(type => 'moderate', %what, id => 'm');
    is($c->wait(qr/^(ack|error)$/)->{type}, 'ack', $what{action});
}


# what is younger than some seconds leaves a log only when it is too large

sub fill_log {
    my ($n, $len) = @_;

    for my $i (1 .. $n) {
        $mod->send(type => 'message', text => $i . 'x' x ($len - 10),
            id => "f$i");
        $mod->wait('ack');
    }

    my $c = client('');
    is(scalar(grep { $_->{type} eq 'tip' } @{$c->join->{messages}}), 0,
        'the log has no tips any more');
    $c->close;
}

###############################################################################
