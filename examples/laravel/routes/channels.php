<?php

use Illuminate\Support\Facades\Broadcast;

// Who may listen. Laravel puts `private-` and `presence-` in front of these names.

Broadcast::channel('orders.{owner}', fn ($user, $owner) => (string) $user->id === $owner);

Broadcast::channel('desk.{number}', fn ($user, $number) => ['id' => $user->id, 'name' => $user->name]);
