package io.modelassay.matrix.result;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A headless Chromium, driven through its DevTools protocol. */
final class Browser implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern PORT = Pattern.compile("DevTools listening on ws://127\\.0\\.0\\.1:([0-9]+)/");
    private static final int PATIENCE_SECONDS = 120;

    private final Process process;
    private final WebSocket socket;
    private final BlockingQueue<JsonNode> received;
    private final List<JsonNode> events = new ArrayList<>();
    private int lastId;

    private Browser(Process process, WebSocket socket, BlockingQueue<JsonNode> received) {
        this.process = process;
        this.socket = socket;
        this.received = received;
    }

    /** The browser of this machine, if it has one. */
    static Optional<Path> installed() {
        return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Browser start(Path executable, Path folder) throws IOException, InterruptedException {
        Path log = folder.resolve("browser.log");
        Process process = new ProcessBuilder(
                        executable.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + folder.resolve("profile"),
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            HttpClient http = HttpClient.newHttpClient();
            HttpResponse<String> page = http.send(
                    HttpRequest.newBuilder(
                                    URI.create("http://127.0.0.1:" + port(process, log) + "/json/new?about:blank"))
                            .PUT(HttpRequest.BodyPublishers.noBody())
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            BlockingQueue<JsonNode> received = new LinkedBlockingQueue<>();
            WebSocket socket = http.newWebSocketBuilder()
                    .buildAsync(
                            URI.create(JSON.readTree(page.body())
                                    .get("webSocketDebuggerUrl")
                                    .asText()),
                            new Receiver(received))
                    .join();
            Browser browser = new Browser(process, socket, received);
            for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
                browser.call(domain + ".enable", Map.of());
            }
            return browser;
        } catch (IOException | InterruptedException | RuntimeException e) {
            end(process);
            throw e;
        }
    }

    private static String port(Process process, Path log) throws IOException, InterruptedException {
        for (int waited = 0; waited < PATIENCE_SECONDS * 10 && process.isAlive(); waited++) {
            Matcher matcher = PORT.matcher(Files.readString(log));
            if (matcher.find()) {
                return matcher.group(1);
            }
            Thread.sleep(100);
        }
        throw new IOException("The browser did not start: " + Files.readString(log));
    }

    JsonNode call(String method, Map<String, ?> parameters) throws IOException, InterruptedException {
        ObjectNode message = JSON.createObjectNode();
        message.put("id", ++lastId).put("method", method).set("params", JSON.valueToTree(parameters));
        socket.sendText(message.toString(), true).join();
        while (true) {
            JsonNode answer = next();
            if (answer.path("id").asInt() == lastId) {
                if (answer.has("error")) {
                    throw new IOException(method + ": " + answer.get("error"));
                }
                return answer.get("result");
            }
        }
    }

    private JsonNode next() throws IOException, InterruptedException {
        JsonNode message = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (message == null) {
            throw new IOException("The browser has not answered for " + PATIENCE_SECONDS + " s");
        }
        if (message.has("method")) {
            events.add(message);
        }
        return message;
    }

    /** Opens a page in a window of this width, and waits until it is loaded. */
    void open(Path page, int width, String scheme) throws IOException, InterruptedException {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
        medium("", scheme);
        events.clear();
        call("Page.navigate", Map.of("url", page.toUri().toString()));
        while (events.stream().noneMatch(event -> event.path("method").asText().equals("Page.loadEventFired"))) {
            next();
        }
    }

    /** Shows the page as on {@code medium} (screen if empty), with the colours of {@code scheme}. */
    void medium(String medium, String scheme) throws IOException, InterruptedException {
        call(
                "Emulation.setEmulatedMedia",
                Map.of("media", medium, "features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    JsonNode evaluate(String script) throws IOException, InterruptedException {
        return call("Runtime.evaluate", Map.of("expression", script, "returnByValue", true))
                .at("/result/value");
    }

    void screenshot(Path file) throws IOException, InterruptedException {
        JsonNode shot = call("Page.captureScreenshot", Map.of("captureBeyondViewport", true));
        Files.write(file, Base64.getDecoder().decode(shot.get("data").asText()));
    }

    /** Errors and warnings of the page since it was opened. */
    List<String> complaints() {
        return events.stream()
                .filter(event -> List.of("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
                        .contains(event.path("method").asText()))
                .map(JsonNode::toString)
                .toList();
    }

    /** Addresses that the page asked for since it was opened. */
    List<String> requests() {
        return events.stream()
                .filter(event -> event.path("method").asText().equals("Network.requestWillBeSent"))
                .map(event -> event.at("/params/request/url").asText())
                .toList();
    }

    @Override
    public void close() throws InterruptedException {
        socket.abort();
        end(process);
    }

    /** With all that it has started, so that nothing writes into its profile any more. */
    private static void end(Process process) throws InterruptedException {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly().waitFor();
        children.forEach(ProcessHandle::destroyForcibly);
        children.forEach(child -> child.onExit().join());
    }

    private record Receiver(BlockingQueue<JsonNode> received, StringBuilder text) implements WebSocket.Listener {
        Receiver(BlockingQueue<JsonNode> received) {
            this(received, new StringBuilder());
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                try {
                    received.add(JSON.readTree(text.toString()));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }
}
