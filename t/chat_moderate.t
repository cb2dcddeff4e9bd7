#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Who may do what in a room: guests, viewers and moderators; what moderators do
# is told to all, and to those who come later.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json /;

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

Test::NginxLive::spit("$dir/words", "badger\n");

my $t = Test::NginxLive->new(
    live => "zone live 64m; token_key " . $keys->dir . ";
        application live { play any; }
        application closed { play token; }
        application clean { chat_links off; chat_words $dir/words; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             live_chat_rate 100r/s burst=3;
             location /revoke { live_revoke; }
             location /chat/ { live_chat; }
             location /none/ { live_chat; live_chat_guests off; }
             location /open/ { live_chat; live_chat_guests write; } }'
)->start;

my $mod = user('mona', role => 'moderator');
my $viewer = user('vera');
my $guest = Test::NginxLive::Chat->new($t, '/chat/live/a');

ok($mod->join->{moderates}, 'a moderator moderates');
my $w = $viewer->join;
ok(!$w->{moderates}, 'a viewer does not');
ok($w->{writes}, 'but writes');
is($w->{you}{id}, 'vera', 'under the name of the token');
ok(!$guest->join->{writes}, 'a guest only reads');

is(Test::NginxLive::Chat->new($t, '/none/live/a')->{ws}{status}, 403,
    'guests are off');
is(Test::NginxLive::Chat->new($t, '/chat/closed/a')->{ws}{status}, 403,
    'no token');

is(refused($guest, type => 'message', text => 'x'), 'read_only',
    'a guest cannot write');
is(refused($viewer, type => 'moderate', action => 'clear'), 'forbidden',
    'a viewer cannot moderate');

# delete

my $id = said($viewer, 'first');
said($viewer, 'second');

done($mod, action => 'delete', target => $id);
is($guest->wait('deleted')->{message}, $id, 'all are told');
wait_for(sub { (texts()->[-1] // '') eq 'second' }, 5, 'all workers');
is_deeply(texts(), [ 'second' ], 'and newcomers are not shown it');
is(refused($mod, type => 'moderate', action => 'delete', target => $id),
    'no_message', 'twice');

# pin

$id = said($viewer, 'third');
done($mod, action => 'pin', target => $id);
is($guest->wait('pinned')->{message}, $id, 'pinned');
is(welcome()->{room}{pinned}, $id, 'for newcomers, too');
done($mod, action => 'unpin');
ok(!exists welcome()->{room}{pinned}, 'unpinned');
is(refused($mod, type => 'moderate', action => 'pin', target => '1-1'),
    'no_message', 'what is not in the log is not pinned');

# slow mode

done($mod, action => 'slow', seconds => 100);
is($viewer->wait('slowmode')->{seconds}, 100, 'slow mode');
my $slow = $viewer->ask(type => 'message', text => 'fast');
is($slow->{code}, 'slow_mode', 'holds for viewers');
ok($slow->{seconds} > 80 && $slow->{seconds} <= 100, 'who are told how long')
    or diag($slow->{seconds});
said($mod, 'slow is for others');
done($mod, action => 'slow', seconds => 0);
said($viewer, 'again');

# duplicates and rate

is(refused($viewer, type => 'message', text => 'again'), 'duplicate',
    'the same again');

my %codes;

$viewer->send(type => 'message', text => "burst $_", id => "b$_") for 1 .. 50;

for my $i (1 .. 50) {
    my $m = $viewer->answer("b$i");
    $codes{$m->{type} eq 'ack' ? 'ack' : $m->{code}}++;
}

cmp_ok($codes{ack}, '>=', 3, 'a burst is taken');
cmp_ok($codes{too_fast} // 0, '>', 0, 'more of it is not');

# timeout, ban, shadow

done($mod, action => 'timeout', target => 'vera', seconds => 100);
is($guest->wait('timeout')->{user}, 'vera', 'timeout');
is(refused($viewer, type => 'message', text => 'muted'), 'muted', 'muted');

done($mod, action => 'ban', target => 'vera', reason => 'spam');
my $b = $guest->wait('banned');
is_deeply([ @$b{qw/ user reason /} ], [qw/ vera spam /], 'ban');
is(refused($viewer, type => 'message', text => 'banned'), 'banned', 'banned');
is(scalar(grep { /burst/ } @{texts()}), 0, 'all he said is gone');

my $twin = user('vera');
$twin->join;
is(refused($twin, type => 'message', text => 'banned'), 'banned',
    'from wherever');

done($mod, action => 'unban', target => 'vera');
said($viewer, 'back');

done($mod, action => 'shadow', target => 'vera');
said($viewer, 'to myself');
ok(scalar(grep { ($_->{text} // '') eq 'to myself' } @{$viewer->{seen}}),
    'he sees it');
said($mod, 'after the shadow');
is($guest->wait('message', sub { $_[0]{text} =~ /myself|after/ })->{text},
    'after the shadow', 'others do not');

# clear

done($mod, action => 'clear');
ok($guest->wait('cleared'), 'cleared');
is_deeply(texts(), [], 'nothing is left to be shown');

# words and links

my $c = Test::NginxLive::Chat->new($t, '/open/clean/a');
$c->join;

is(refused($c, type => 'message', text => 'what a B4DGER'), 'filtered',
    'a word that is not allowed');
is(refused($c, type => 'message', text => 'b a d g e r s and badgers'), undef,
    'another one is');
is(refused($c, type => 'message', text => 'see example[.]com'), 'links',
    'a link');

Test::NginxLive::spit("$dir/words.new", "badger*\n");
rename("$dir/words.new", "$dir/words");
$t->wait_log(qr/words "[^"]+" were read again: 1/);
wait_for(sub { (refused($c, type => 'message', text => 'badgers ' . rand())
    // '') eq 'filtered' }, 10, 'new words');

my $mark = $t->log_mark;
Test::NginxLive::spit("$dir/words", "***\n");
ok($t->wait_log(qr/chat words "[^"]+": .* in line 1/, 10, $mark),
    'a bad file is told');
is(refused($c, type => 'message', text => 'badgers again'), 'filtered',
    'and the former words stay');

# revocation of one, and of the room's stream

my $revoke = $t->url('/revoke');

Test::NginxLive::Token::tool('revoke', $revoke, 'sub', 'vera');
is($_->close_code, 1008, 'a revoked viewer is out') for $viewer, $twin;

Test::NginxLive::Token::tool('revoke', $revoke, 'stream', 'live/a');
is($_->close_code, 1008, 'all of a revoked stream are out') for $mod, $guest;

my ($audit) = map { decode_json($_) } $t->log_text()
    =~ /chat moderation (\{.*"action":"ban".*\}) while/;
is_deeply($audit, { room => 'live/a', action => 'ban', user => 'vera',
    by => { id => 'mona', name => 'mona', role => 'moderator' },
    reason => 'spam' }, 'what moderators do is logged');

$c->close;

done_testing();

###############################################################################

sub user {
    my ($sub, @claims) = @_;
    my $token = $keys->token('HS256', sub => $sub, stream => 'live/*', @claims);
    return Test::NginxLive::Chat->new($t, "/chat/live/a?token=$token");
}


sub refused { my $c = shift; return $c->refused(@_) }


sub said {
    my ($c, $text) = @_;
    my $m = $c->ask(type => 'message', text => $text);
    is($m->{type}, 'ack', "said: $text");
    return $m->{id};
}


sub done {
    my ($c, %what) = @_;
    is(refused($c, type => 'moderate', %what), undef, $what{action});
}


sub welcome {
    my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
    my $w = $c->join;
    $c->close;
    return $w;
}


sub texts {
    return [ map { $_->{text} } grep { $_->{type} eq 'message' }
             @{welcome()->{messages}} ];
}

###############################################################################
