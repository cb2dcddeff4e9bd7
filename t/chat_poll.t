#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Polls: who asks, who votes, what is told meanwhile and at the end, over two
# workers.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
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
    live => "zone live 64m; token_key " . $keys->dir . "; chat_votes 12;
        application live { play any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             live_chat_rate off;
             location /chat/ { live_chat; } }'
)->start;

my $mod = user('mona', 'moderator');
my $guest = Test::NginxLive::Chat->new($t, '/chat/live/a');
my @v = map { user("v$_", 'viewer') } 1 .. 10;

$_->join for $mod, $guest, @v;

# who asks

is(ask($v[0]), 'forbidden', 'not a viewer');
is(ask($guest), 'read_only', 'not a guest');
is(answer($v[0], type => 'vote', option => 0)->{code}, 'no_poll',
    'nothing to vote for');
is(answer($mod, type => 'poll_end')->{code}, 'no_poll', 'nothing to end');

is(ask($mod, question => ' "Tea"  or coffee? ',
    options => [ 'Tea', 'Coffee', 'Nothing' ]), undef, 'a moderator');

my $poll = $guest->wait('poll');
is($poll->{question}, '"Tea" or coffee?', 'is told');
is_deeply($poll->{options}, [qw/ Tea Coffee Nothing /], 'with the options');
is($poll->{by}{id}, 'mona', 'and by whom');

is(ask($mod), 'poll_open', 'one at a time');

# votes

is(vote($v[$_], $_ % 2), undef, "vote $_") for 0 .. 8;
is(vote($v[0], 1), 'voted', 'once');
is(vote($v[9], 3), 'bad_option', 'an option that is not there');
is(vote($v[9], 0, poll => '5-0'), 'no_poll', 'another poll');
is(vote($guest, 0), 'read_only', 'guests that read only do not');

my $m = $guest->wait('votes', sub { $_[0]{votes}[0] == 5 });
is_deeply($m->{votes}, [ 5, 4, 0 ], 'sums are told');
is($m->{poll}, $poll->{id}, 'of the poll');

my @told = grep { $_->{type} eq 'votes' } @{$guest->{seen}};
cmp_ok(scalar(@told), '<', 5, 'not one by one');

# a user of several connections votes once; who comes later is told

my $twin = user('v1', 'viewer');
my $w = $twin->join->{room}{poll};
is_deeply([ $w->{entry}, $w->{votes}, $w->{voted} ], [ $poll, [ 5, 4, 0 ], 0 ],
    'the welcome has the poll and my vote');
is(vote($twin, 1), 'voted', 'once per user');
$twin->close;

ok(!exists welcome()->{room}{poll}{voted}, 'another has not voted');

# who may not write does not vote

for ([ timeout => 'muted', target => 'v10', seconds => 60 ],
     [ restrict => 'restricted', value => 'subscribers' ])
{
    my ($action, $code, @what) = @$_;

    is(answer($mod, type => 'moderate', action => $action, @what)->{type},
        'ack', $action);
    is(vote($v[9], 2), $code, "$code: no vote");
    is(answer($mod, type => 'moderate', $action eq 'timeout'
              ? (action => 'unban', target => 'v10')
              : (action => $action, value => 'off'))->{type}, 'ack', 'over');
}

# those who are shadow-banned believe that they count

is(answer($mod, type => 'moderate', action => 'shadow', target => 'v10')
    ->{type}, 'ack', 'a shadow');
is(vote($v[9], 2), undef, 'votes');
is(vote($v[9], 2), 'voted', 'once');

# by POST, and more than are remembered

my @status = map { post(token("p$_", 'viewer'), type => 'vote', option => 2)
    ->{status} } 1 .. 3;
is_deeply(\@status, [ 200, 200, 409 ], 'twelve votes are taken');

$m = $guest->wait('votes', sub { $_[0]{votes}[2] });
is_deeply($m->{votes}, [ 5, 4, 2 ], 'a shadow is not counted')
    if $m->{votes}[2] == 2
    or $m = $guest->wait('votes', sub { $_[0]{votes}[2] == 2 });

# the end, by hand

is(answer($v[0], type => 'poll_end')->{code}, 'forbidden',
    'a viewer does not end it');
is(answer($mod, type => 'poll_end', poll => '5-0')->{code}, 'no_poll',
    'another one is not ended');
is(answer($mod, type => 'poll_end', poll => $poll->{id})->{type}, 'ack',
    'a moderator ends it');

$m = $guest->wait('poll_end');
is_deeply([ @$m{qw/ poll question votes options /}, $m->{by}{id} ],
    [ $poll->{id}, $poll->{question}, [ 5, 4, 2 ], $poll->{options}, 'mona' ],
    'the result is told');
is(vote($v[8], 0), 'no_poll', 'no votes any more');

$w = welcome();
ok(!exists $w->{room}{poll}, 'no poll is open');
is_deeply([ grep { /^poll/ } map { $_->{type} } @{$w->{messages}} ],
    [qw/ poll poll_end /], 'the log has both');

# the end, by time; asked by a server

my $r = post(token('shop', 'server'), type => 'poll', question => 'Now?',
    options => [qw/ yes no /], seconds => 2);
is($r->{status}, 200, 'a server asks');

$poll = $guest->wait('poll');
is($poll->{id}, JSON::PP::decode_json($r->{body})->{id}, 'its id');
is(vote($_, 1, poll => $poll->{id}), undef, 'who voted before, votes')
    for @v[0 .. 2];
cmp_ok(welcome()->{room}{poll}{left}, '<=', 2000, 'what is left');

$m = $guest->wait('poll_end');
is_deeply([ @$m{qw/ poll votes /} ], [ $poll->{id}, [ 0, 3 ] ],
    'it ends by itself');
ok(!exists $m->{by}, 'by nobody');
my $once = $poll->{id};

# nobody is in the room when it is over

$r = post(token('shop', 'server'), type => 'poll', question => 'Later?',
    options => [qw/ yes no /], seconds => 1);
is($r->{status}, 200, 'another');

$_->close for $mod, $guest, @v;

my $late = Test::NginxLive::Chat->new($t, '/chat/live/a');
$w = $late->join;
ok((grep { $_->{type} eq 'poll_end' && $_->{question} eq 'Later?' }
    @{$w->{messages}}) || $late->wait('poll_end'), 'its end is told later');
$late->close;

is(scalar(grep { ($_->{poll} // '') eq $once } @{welcome()->{messages}}), 1,
    'each of both workers sees the end of its time, and it is told once');

done_testing();

###############################################################################

sub token {
    my ($sub, $role) = @_;
    return $keys->token('HS256', sub => $sub, stream => 'live/*',
        role => $role);
}


sub user {
    my ($sub, $role) = @_;
    my $token = token($sub, $role);
    return Test::NginxLive::Chat->new($t, "/chat/live/a?token=$token");
}


my $refs;

sub answer {
    my ($c, %what) = @_;
    my $ref = 'r' . ++$refs;
    $c->send(%what, id => $ref);
    return $c->wait(qr/^(?:ack|error)$/, sub { ($_[0]{ref} // '') eq $ref });
}


sub ask {
    my ($c, %what) = @_;
    return answer($c, type => 'poll', question => '?', options => [qw/ a b /],
        %what)->{code};
}


sub vote {
    my ($c, $option, %what) = @_;
    return answer($c, type => 'vote', option => $option, %what)->{code};
}


sub post {
    my ($token, %what) = @_;
    return $t->get("/chat/live/a?token=$token", method => 'POST',
        body => JSON::PP->new->utf8->canonical->encode(\%what));
}


sub welcome {
    my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
    my $w = $c->join;
    $c->close;
    return $w;
}

###############################################################################
