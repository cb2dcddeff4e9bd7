#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Rooms in which followers or subscribers alone may write, by the claim
# "groups", and slow mode: of the settings, and as moderators have it.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $t = Test::NginxLive->new(
    live => live('100s'),
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             live_chat_rate off;
             location /groups { return 200 $live_token_groups; }
             location /chat/ { live_chat; live_chat_guests write; } }',
)->start;

is($t->get('/groups?token=' . token('a', group => [qw/ x follower /]))->{body},
    'x,follower', 'groups of a token');
is($t->get('/groups?token=' . token('a'))->{body}, '', 'none');

# as the settings have it

my %c = map { my ($who, @claims) = @$_; ($who => [ $who, @claims ]) }
    [ 'mod', role => 'moderator' ], [ 'plain' ], [ 'fan', group => 'follower' ],
    [ 'sub', group => [qw/ other subscriber /] ], [ 'like', group => 'followers' ];

my %fans = map { $_ => user('fans', @{$c{$_}}) } keys %c;
my $guest = Test::NginxLive::Chat->new($t, '/chat/fans/a');

is($guest->join->{room}{restricted}, 'followers', 'the welcome tells it');
is(speaks($fans{$_}), undef, "$_ may write") for qw/ mod fan sub /;
is(speaks($fans{$_}), 'restricted', "$_ may not") for qw/ plain like /;
is(speaks($guest), 'restricted', 'nor a guest');
is($guest->refused(type => 'reaction', kind => 'heart'), undef,
    'who may react');

my $r = post('fans', @{$c{plain}});
is($r->{status}, 429, 'by POST, too');
like($r->{body}, qr/"detail":"restricted"/, 'which says so');
is(post('fans', @{$c{fan}})->{status}, 200, 'a follower by POST');

# as moderators have it

is(speaks($fans{plain}), 'restricted', 'still');
is($fans{plain}->refused(type => 'moderate', action => 'restrict',
    value => 'off'), 'forbidden', 'it is for moderators to change it');

restrict('off');
is($guest->wait('restricted')->{value}, 'off', 'all are told');
is(speaks($_), undef, 'all may write') for $guest, @fans{qw/ plain like /};
ok(!exists welcome('fans')->{room}{restricted}, 'the welcome tells nothing');

restrict('subscribers');
my $m = $guest->wait('restricted');
is_deeply([ $m->{value}, $m->{by}{id} ], [ 'subscribers', 'mod' ], 'by whom');
is(speaks($fans{$_}), undef, "$_ may write") for qw/ mod sub /;
is(speaks($fans{fan}), 'restricted', 'a follower may not');

my $ask = [ type => 'moderate', action => 'restrict' ];
is($fans{mod}->refused(@$ask, value => 'friends'), 'bad_field', 'a bad value');
is($fans{mod}->refused(@$ask), 'bad_field', 'none');

# slow mode by the settings, and without them

my $v = user('live', 'vera');
is($v->{welcome}{room}{slow}, 100, 'slow mode of the settings');
is(speaks($v), undef, 'once');
is(speaks($v), 'slow_mode', 'not twice');

my $mod = user('live', 'mod', role => 'moderator');
is($mod->refused(type => 'moderate', action => 'slow', seconds => 0), undef,
    'off');
is(speaks($v), undef, 'at once');

# after a reload: what moderators have decided stays, the rest does not

$t->set(live => live('7s'));
$t->write_conf;
$t->reload;

is(welcome('live')->{room}{slow}, 0, 'what a moderator has set stays');
is(welcome('fans')->{room}{restricted}, 'subscribers', 'restriction, too');
is(welcome('live', 'b')->{room}{slow}, 7, 'another room has the new setting');

$_->close for values %fans, $guest, $v, $mod;

for my $bad ('chat_slow 7h', 'chat_restrict friends', 'chat_small 1000') {
    like(Test::NginxLive->new(live => "zone live 64m; $bad;", http => '')
        ->test_conf->{err}, qr/emerg/, "$bad is refused");
}

done_testing();

###############################################################################

sub live {
    return "zone live 64m; token_key " . $keys->dir . "; chat_slow $_[0];
        application live { play any; }
        application fans { play any; chat_restrict followers; chat_slow 0; }";
}


sub token {
    my ($sub, @claims) = @_;
    return $keys->token('HS256', sub => $sub, stream => '*', @claims);
}


sub user {
    my ($app, @who) = @_;
    my $c = Test::NginxLive::Chat->new($t, "/chat/$app/a?token=" . token(@who));
    $c->{welcome} = $c->join;
    return $c;
}


my $n;

sub speaks { return $_[0]->refused(type => 'message', text => 'text ' . ++$n) }


sub post {
    my ($app, @who) = @_;
    return $t->get("/chat/$app/a?token=" . token(@who), method => 'POST',
        body => '{"type":"message","text":"post ' . ++$n . '"}');
}


sub restrict {
    is($fans{mod}->refused(type => 'moderate', action => 'restrict',
        value => $_[0]), undef, "restrict $_[0]");
}


sub welcome {
    my ($app, $name) = @_;
    my $c = Test::NginxLive::Chat->new($t, "/chat/$app/" . ($name // 'a'));
    my $w = $c->join;
    $c->close;
    return $w;
}

###############################################################################
