package Test::NginxLive::Schema;

# Copyright (C) nginx-live authors

# JSON Schema, as much of Draft 2020-12 as the schemas in docs/ use; a keyword
# that is not known is an error, so that nothing passes unchecked.
#
#     my $s = Test::NginxLive::Schema->new("$top/docs/chat-protocol.schema.json");
#
#     my $fault = $s->fault($data);             # undef: valid
#     my $fault = $s->fault($data, 'server');   # by #/$defs/server
#
# The data are what JSON::PP has decoded.

use warnings;
use strict;

use B ();
use JSON::PP ();

my %ignored = map { $_ => 1 } qw/ $schema $defs title description /;


sub new {
    my ($class, $file) = @_;

    open(my $fh, '<:raw', $file) or die "$file: $!\n";
    local $/;

    return bless { root => JSON::PP->new->utf8->decode(scalar <$fh>) }, $class;
}


sub fault {
    my ($self, $data, $name) = @_;

    my $schema = $name ? $self->{root}{'$defs'}{$name} : $self->{root};
    die "no schema $name\n" unless $schema;

    return $self->_fault($schema, $data, '');
}


sub _fault {
    my ($self, $schema, $data, $at) = @_;

    for my $keyword (sort keys %$schema) {
        next if $ignored{$keyword};

        (my $method = "_$keyword") =~ s/\W//g;
        die "keyword $keyword is not known\n" unless $self->can($method);

        my $fault = $self->$method($schema->{$keyword}, $data, $at, $schema);
        return $fault if defined $fault;
    }

    return undef;
}


sub _bad {
    my ($at, $what) = @_;
    return ($at eq '' ? '/' : $at) . ": $what";
}


sub _ref {
    my ($self, $ref, $data, $at) = @_;

    my ($name) = $ref =~ m{^#/\$defs/(.+)$} or die "reference $ref\n";
    my $schema = $self->{root}{'$defs'}{$name} or die "no schema $name\n";

    return $self->_fault($schema, $data, $at);
}


sub _is {
    my ($data, $type) = @_;

    return ref $data eq 'HASH' if $type eq 'object';
    return ref $data eq 'ARRAY' if $type eq 'array';
    return JSON::PP::is_bool($data) if $type eq 'boolean';
    return 0 if ref $data || !defined $data;

    my $number = B::svref_2object(\$data)->FLAGS & (B::SVp_IOK | B::SVp_NOK)
                 && !(B::svref_2object(\$data)->FLAGS & B::SVp_POK);

    return !$number if $type eq 'string';
    return $number if $type eq 'number';
    return $number && $data == int($data) if $type eq 'integer';

    die "type $type\n";
}


sub _type {
    my ($self, $type, $data, $at) = @_;
    return _is($data, $type) ? undef : _bad($at, "is no $type");
}


sub _required {
    my ($self, $names, $data, $at) = @_;

    return undef unless ref $data eq 'HASH';
    my ($missing) = grep { !exists $data->{$_} } @$names;

    return defined $missing ? _bad($at, "$missing is missing") : undef;
}


sub _properties {
    my ($self, $properties, $data, $at) = @_;

    return undef unless ref $data eq 'HASH';

    for my $name (sort keys %$properties) {
        next unless exists $data->{$name};
        my $fault = $self->_fault($properties->{$name}, $data->{$name},
            "$at/$name");
        return $fault if defined $fault;
    }

    return undef;
}


sub _additionalProperties {
    my ($self, $sub, $data, $at, $schema) = @_;

    return undef unless ref $data eq 'HASH';

    for my $name (sort keys %$data) {
        next if $schema->{properties} && $schema->{properties}{$name};
        my $fault = $self->_fault($sub, $data->{$name}, "$at/$name");
        return $fault if defined $fault;
    }

    return undef;
}


sub _propertyNames {
    my ($self, $sub, $data, $at) = @_;

    return undef unless ref $data eq 'HASH';

    for my $name (sort keys %$data) {
        my $fault = $self->_fault($sub, $name, "$at/$name");
        return $fault if defined $fault;
    }

    return undef;
}


sub _minProperties {
    my ($self, $min, $data, $at) = @_;

    return undef unless ref $data eq 'HASH';
    return keys %$data < $min ? _bad($at, 'has too few members') : undef;
}


sub _minItems {
    my ($self, $min, $data, $at) = @_;

    return undef unless ref $data eq 'ARRAY';
    return @$data < $min ? _bad($at, 'has too few items') : undef;
}


sub _maxItems {
    my ($self, $max, $data, $at) = @_;

    return undef unless ref $data eq 'ARRAY';
    return @$data > $max ? _bad($at, 'has too many items') : undef;
}


sub _items {
    my ($self, $sub, $data, $at) = @_;

    return undef unless ref $data eq 'ARRAY';

    for my $i (0 .. $#$data) {
        my $fault = $self->_fault($sub, $data->[$i], "$at/$i");
        return $fault if defined $fault;
    }

    return undef;
}


sub _const {
    my ($self, $const, $data, $at) = @_;
    return $self->_enum([ $const ], $data, $at);
}


sub _enum {
    my ($self, $values, $data, $at) = @_;

    return _bad($at, 'is no string') unless _is($data, 'string');
    return (grep { $_ eq $data } @$values) ? undef
           : _bad($at, "\"$data\" is not allowed");
}


sub _pattern {
    my ($self, $pattern, $data, $at) = @_;

    return undef unless _is($data, 'string');
    return $data =~ /$pattern/ && $data !~ /\n\z/ ? undef
           : _bad($at, "\"$data\" does not match");
}


sub _minLength {
    my ($self, $min, $data, $at) = @_;

    return undef unless _is($data, 'string');
    return length $data < $min ? _bad($at, 'is too short') : undef;
}


sub _maxLength {
    my ($self, $max, $data, $at) = @_;

    return undef unless _is($data, 'string');
    return length $data > $max ? _bad($at, 'is too long') : undef;
}


sub _minimum {
    my ($self, $min, $data, $at) = @_;

    return undef unless _is($data, 'number');
    return $data < $min ? _bad($at, 'is too small') : undef;
}


sub _maximum {
    my ($self, $max, $data, $at) = @_;

    return undef unless _is($data, 'number');
    return $data > $max ? _bad($at, 'is too large') : undef;
}


sub _anyOf {
    my ($self, $schemas, $data, $at) = @_;
    my @faults;

    for my $schema (@$schemas) {
        my $fault = $self->_fault($schema, $data, $at);
        return undef unless defined $fault;
        push @faults, $fault;
    }

    return _bad($at, 'none of (' . join('; ', @faults) . ')');
}


sub _oneOf {
    my ($self, $schemas, $data, $at) = @_;

    my @faults = map { $self->_fault($_, $data, $at) } @$schemas;
    my $valid = grep { !defined } @faults;

    return undef if $valid == 1;
    return _bad($at, "$valid of them match") if $valid;
    return _bad($at, 'none of (' . join('; ', @faults) . ')');
}


1;
