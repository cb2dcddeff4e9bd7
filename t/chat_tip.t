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

use Digest::SHA qw/ hmac_sha256_hex /;
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

my ($old, $new) = ('whsec_' . 'o' x 32, 'whsec_' . 'n' x 32);
spit("$dir/whsec", "# in force\n$old\n");

my $t = Test::NginxLive->new(
    live => "zone live 64m; token_key " . $keys->dir . ";
        chat_tips 20 keys=10; chat_history 5;
        application live { play any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             live_chat_rate off; live_chat_message_length 4000;
             live_chat_message_size 8k;
             location /chat/ { live_chat; live_chat_guests write; }
             location = /stripe { live_chat_webhook stripe;
                                  live_chat_webhook_secret ' . "$dir/whsec" . '; }
             location = /charges { live_chat_webhook stripe;
                                   live_chat_webhook_secret ' . "$dir/whsec" . ';
                                   live_chat_webhook_tolerance 5000s;
                                   live_chat_webhook_events charge.succeeded; } }'
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

# webhooks

$r = stripe(event('evt_1', payment_intent => 'pi_1'));
is($r->{status}, 200, 'a payment');

$m = $guest->wait('tip', sub { $_[0]{amount} == 777 });
is($m->{id}, body($r)->{id}, 'is a tip');
is_deeply([ @$m{qw/ currency text /}, $m->{user}{id}, $m->{user}{name} ],
    [ 'EUR', 'Bravo!', 'u-7', 'Eve' ], 'of the metadata');

repeated(stripe(event('evt_1', payment_intent => 'pi_1')), 'the same event');
repeated(stripe(event('evt_2', payment_intent => 'pi_1')),
    'another event of the payment');
repeated(stripe(event('evt_1', payment_intent => 'pi_9')),
    'the same event of another');
repeated(stripe(event('evt_3', type => 'payment_intent.succeeded',
    id => 'pi_1', status => 'succeeded', amount_received => 777)),
    'its payment intent');
repeated(stripe(event('evt_4', type => 'charge.succeeded', id => 'ch_1',
    payment_intent => 'pi_1', captured => JSON::PP::true, amount => 777)),
    'its charge');

for my $case (
    [ 'another type', type => 'invoice.paid' ],
    [ 'not paid', payment_status => 'unpaid' ],
    [ 'no room', metadata => {} ],
    [ 'a bad room', metadata => { room => 'a' } ],
    [ 'no application', metadata => { room => 'none/a' } ],
    [ 'no currency', currency => 'euro' ],
    [ 'no amount', amount_total => 0 ])
{
    my ($what, %with) = @$case;
    $r = stripe(event('evt_5', payment_intent => 'pi_5', %with));
    is($r->{status}, 200, "$what: not sent again");
    ok(body($r)->{ignored}, 'and ignored');
}

my $event = event('evt_6', payment_intent => 'pi_6');

is(stripe($event, secret => $new)->{status}, 400, 'another secret');
is(stripe($event, body => $event . ' ')->{status}, 400, 'another body');
is(stripe($event, time => time() - 310)->{status}, 400, 'too old');
is(stripe($event, time => time() + 310)->{status}, 400, 'of the future');
is(stripe($event, header => $_)->{status}, 400, "header '$_'")
    for '', 't=1', 'v1=' . '0' x 64, 't=x,v1=' . '0' x 64;
is($t->get('/stripe', method => 'POST', body => $event)->{status}, 400,
    'no signature');
is(stripe('{}')->{status}, 400, 'no event');
is(stripe('[' x 5000)->{status}, 400, 'nested');
is(stripe('x' x 70000)->{status}, 413, 'too long');
is($t->get('/stripe')->{status}, 405, 'GET');

$r = stripe($event, header => 't=%t, v1=' . '0' x 64 . ',v0=1,v1=%s');
ok(body($r)->{id}, 'one of several signatures');

$r = stripe(event('evt_7', id => 'cs_7', pad => 'x' x 60000));
ok(body($r)->{id}, 'a long event is taken in memory');

# of another location

$event = event('evt_8', type => 'charge.succeeded', id => 'ch_8',
    captured => JSON::PP::true, amount => 8);
ok(body(stripe($event, uri => '/charges', time => time() - 4000))->{id},
    'a longer tolerance');
ok(body(stripe(event('evt_9'), uri => '/charges'))->{ignored},
    'a type that does not count there');

# many at once, over both workers: once

my @clients = map { $t->client } 1 .. 10;
$event = event('evt_10', id => 'cs_10');
$_->request('/stripe', stripe_request($event)) for @clients;
my @bodies = map { body($_->response) } @clients;
$_->close for @clients;
is(scalar(grep { $_->{id} } @bodies), 1, 'ten at once are one');
is(scalar(grep { $_->{repeated} } @bodies), 9, 'and nine of it again');

# a secret is replaced without a reload

my $mark = $t->log_mark;
spit("$dir/new", "$new\n$old\n");
rename("$dir/new", "$dir/whsec");
$t->wait_log(qr/secrets of webhooks "[^"]+" were read again/, 10, $mark);
$r = wait_for(sub { my $r = stripe(event('evt_11', id => 'cs_11'),
    secret => $new); $r->{status} == 200 && $r }, 10, 'the new secret');
is(stripe(event('evt_12', id => 'cs_12'))->{status}, 200,
    'the former is in force, too');

$mark = $t->log_mark;
spit("$dir/whsec", "short\n");
ok($t->wait_log(qr/secrets of webhooks "[^"]+": a secret has/, 10, $mark),
    'a bad file is told');
is(stripe(event('evt_13', id => 'cs_13'), secret => $new)->{status}, 200,
    'the former ones stay');

unlike($t->log_text, qr/\Q$_\E/, 'a secret is not logged') for $old, $new;

$_->close for $mod, $viewer, $guest;

# configurations

for my $case (
    [ 'no secret', 'live_chat_webhook stripe;',
      qr/needs "live_chat_webhook_secret"/ ],
    [ 'no scheme', 'live_chat_webhook paypal;', qr/unknown scheme/ ],
    [ 'no file', "live_chat_webhook_secret $dir/none;", qr/open\(\) failed/ ],
    [ 'a bad file', "live_chat_webhook_secret $dir/whsec;",
      qr/a secret has 16/ ])
{
    my ($what, $conf, $re) = @$case;
    my $c = Test::NginxLive->new(
        live => 'zone live 8m; application live { play any; }',
        http => "server { listen 127.0.0.1:%%PORT_http%%;
                 location / { $conf } }");
    my $res = $c->test_conf;
    isnt($res->{rc}, 0, $what);
    like($res->{err}, $re, 'is told');
}

done_testing();

###############################################################################

sub event {
    my ($id, %object) = @_;

    return JSON::PP->new->utf8->canonical->encode({ id => $id,
        object => 'event', type => delete $object{type}
            // 'checkout.session.completed',
        data => { object => { id => 'cs_1', payment_status => 'paid',
            amount_total => 777, currency => 'eur',
            metadata => { room => 'live/a', user => 'u-7', name => 'Eve',
                text => 'Bravo!' }, %object } } });
}


sub stripe_request {
    my ($event, %opt) = @_;
    my $time = $opt{time} // time();
    my $v1 = hmac_sha256_hex("$time.$event", $opt{secret} // $old);
    my $header = $opt{header} // 't=%t,v1=%s';

    $header =~ s/%t/$time/;
    $header =~ s/%s/$v1/;

    return (method => 'POST', body => $opt{body} // $event,
        headers => { 'Stripe-Signature' => $header });
}


sub stripe {
    my ($event, %opt) = @_;
    return $t->get($opt{uri} // '/stripe', stripe_request($event, %opt));
}


sub repeated {
    my ($r, $what) = @_;
    is("$r->{status} $r->{body}", '200 {"repeated":true}', $what);
}


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
