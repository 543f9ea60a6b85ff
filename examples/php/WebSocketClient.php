<?php
/** In the place of MMB's core/WebSocket/WebSocketClient.php: `WebSocketClient::generateToken`, `validateToken` and `getClientScript`. */

require_once __DIR__ . '/parlance.php';

class_alias('Parlance', 'WebSocketClient');
