#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The examples in docs/chat-protocol.md are what its schema says, each type has
# one, and the schema refuses what the server refuses.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive::Schema;

###############################################################################

my $docs = "$FindBin::Bin/../docs";
my $schema = Test::NginxLive::Schema->new("$docs/chat-protocol.schema.json");
my $json = JSON::PP->new->utf8;

open(my $fh, '<:raw', "$docs/chat-protocol.md") or die "open: $!\n";
my $text = do { local $/; <$fh> };

my %seen;

while ($text =~ /^```json (\w+)\n(.*?)^```$/msg) {
    my ($side, $example) = ($1, $2);
    my $data = $json->decode($example);
    my $type = $data->{type} // '';

    is($schema->fault($data, $side), undef, "$side $type");

    if ($side !~ /^(poll|range|tips)$/) {
        is($schema->fault($data), undef, 'the whole schema');
        $seen{"$side $type"}++;
    }
}

# types that the documentation names in headings and actions in its table

my ($client, $server) = $text
    =~ /^## What a client sends$(.*?)^## What the server sends$(.*)/ms;

my %known = map { $_ => {} } qw/ client server /;
types($_, $schema->{root}{'$defs'}{$_}) for keys %known;

for my $side (sort keys %known) {
    my $part = $side eq 'client' ? $client : $server;
    my %documented = map { $_ => 1 } map { split /, / } $part =~ /^### (.*)$/mg;

    is_deeply([ sort keys %documented ], [ sort keys %{$known{$side}} ],
        "types of the $side");
}

ok($seen{"server $_"}, "an example of $_")
    for qw/ welcome message tip deleted pinned slowmode reactions presence poll poll_end votes
        state health error history ack /;

ok($seen{"client $_"}, "an example of $_")
    for qw/ join message reaction typing status history moderate tip
        announcement poll vote poll_end /;

for my $action ($client =~ /^\| `(\w+)`/mg) {
    my %data = (type => 'moderate', action => $action);

    $data{target} = $action =~ /^(delete|pin)$/ ? '1-0' : 'u-1'
        unless $action =~ /^(unpin|clear|slow|restrict)$/;
    $data{seconds} = 60 if $action =~ /^(timeout|slow)$/;
    $data{value} = 'off' if $action eq 'restrict';

    is($schema->fault(\%data, 'client'), undef, "action $action");
}

# what is wrong

for my $bad (
    '[]',
    '"join"',
    '{}',
    '{"type":"welcome"}',
    '{"type":"join","cursor":"short"}',
    '{"type":"join","name":1}',
    '{"type":"message"}',
    '{"type":"message","text":""}',
    '{"type":"message","text":5}',
    '{"type":"message","text":"a","id":""}',
    '{"type":"message","text":"a","id":"a b"}',
    '{"type":"reaction","kind":""}',
    '{"type":"typing","on":1}',
    '{"type":"status"}',
    '{"type":"status","audio":"on"}',
    '{"type":"history","limit":0}',
    '{"type":"history","limit":1.5}',
    '{"type":"history","before":"5"}',
    '{"type":"moderate"}',
    '{"type":"moderate","action":"Ban","target":"u"}',
    '{"type":"moderate","action":"ban"}',
    '{"type":"moderate","action":"delete","target":"u"}',
    '{"type":"moderate","action":"timeout","target":"u","seconds":0}',
    '{"type":"moderate","action":"slow"}',
    '{"type":"tip","amount":0,"currency":"EUR"}',
    '{"type":"tip","amount":1.5,"currency":"EUR"}',
    '{"type":"tip","amount":1}',
    '{"type":"tip","amount":1,"currency":"EURO"}',
    '{"type":"tip","amount":1,"currency":"EUR","key":"a b"}',
    '{"type":"announcement"}',
    '{"type":"poll","question":"?","options":["a"]}',
    '{"type":"poll","options":["a","b"]}',
    '{"type":"vote"}',
    '{"type":"vote","option":10}',
    '{"type":"poll_end","poll":"5"}')
{
    isnt($schema->fault($json->decode($bad), 'client'), undef, "not $bad");
}

for my $bad (
    '{"type":"message","id":"1-0","text":"a"}',
    '{"type":"reactions","reactions":{}}',
    '{"type":"reactions","reactions":{"heart":0}}',
    '{"type":"presence","viewers":-1}',
    '{"type":"state"}',
    '{"type":"state","state":"gone"}',
    '{"type":"ack"}',
    '{"type":"error","code":"Too long"}')
{
    isnt($schema->fault($json->decode($bad), 'server'), undef, "not $bad");
}

done_testing();

###############################################################################

# the types that a schema and those that it refers to allow

sub types {
    my ($side, $s) = @_;

    return map { types($side, $_) } @$s if ref $s eq 'ARRAY';
    return unless ref $s eq 'HASH';

    if (my $type = $s->{properties} && $s->{properties}{type}) {
        my @names = $type->{enum} ? @{$type->{enum}} : "$type->{const}";

        $known{$side}{$_} = 1 for @names;
    }

    types($side, $s->{$_}) for grep { $s->{$_} } qw/ oneOf anyOf /;

    types($side, $schema->{root}{'$defs'}{$1})
        if ($s->{'$ref'} // '') =~ m{^#/\$defs/(.+)$};
}

###############################################################################
