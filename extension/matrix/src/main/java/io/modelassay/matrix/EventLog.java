package io.modelassay.matrix;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.modelassay.matrix.CellEvent.Kind;
import io.modelassay.matrix.CellEvent.Status;
import io.modelassay.matrix.result.TestResult;
import io.modelassay.matrix.result.TestResult.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a cell's JVM has told of its tests. */
final class EventLog {
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private String java = "";
    private boolean finished;
    private @Nullable String fault;

    /** A test or container. */
    private static final class Node {
        private final CellEvent planned;
        private boolean started;
        private @Nullable CellEvent finished;

        Node(CellEvent planned) {
            this.planned = planned;
        }
    }

    private EventLog() {}

    static EventLog read(Path file) throws IOException {
        EventLog log = new EventLog();
        if (!Files.exists(file)) {
            return log;
        }
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(bytes, StandardCharsets.UTF_8);
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length - 1; i++) {
            log.add(lines[i], i);
        }
        if (!lines[lines.length - 1].isEmpty()) {
            log.fault(lines.length - 1, "is cut");
        }
        return log;
    }

    private void add(String line, int number) {
        CellEvent event;
        try {
            event = CellFolder.JSON.readValue(line, CellEvent.class);
        } catch (JsonProcessingException e) {
            fault(number, "is not an event");
            return;
        }
        if (event == null || event.event() == null || finished) {
            fault(number, finished ? "follows the end" : "is not an event");
        } else if (event.event() == Kind.RUN_STARTED) {
            java = Objects.requireNonNullElse(event.message(), "");
        } else if (event.event() == Kind.RUN_FINISHED) {
            finished = true;
            if (event.lines() != number) {
                fault(number, "ends " + event.lines() + " events");
            }
        } else {
            test(event, number);
        }
    }

    private void test(CellEvent event, int number) {
        String id = event.id();
        if (id == null) {
            fault(number, "has no test");
            return;
        }
        if (event.event() == Kind.PLANNED) {
            nodes.putIfAbsent(id, new Node(event));
            return;
        }
        Node node = nodes.get(id);
        if (node == null) {
            fault(number, "is about a test that was not planned");
        } else if (event.event() == Kind.STARTED) {
            node.started = true;
        } else {
            node.finished = event;
        }
    }

    private void fault(int number, String what) {
        if (fault == null) {
            fault = "line " + (number + 1) + " " + what;
        }
    }

    /** Version and vendor of the JDK. */
    String java() {
        return java;
    }

    /** Whether the suite ran to its end. */
    boolean isFinished() {
        return finished;
    }

    /** What is wrong with the file. */
    Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** The name of the test that was started last and has not ended, or else of the container. */
    Optional<String> running() {
        return nodes.values().stream()
                .filter(node -> node.started && node.finished == null && node.planned.parent() != null)
                .max(Comparator.comparing((Node node) -> node.planned.test())
                        .thenComparing(node -> Objects.requireNonNullElse(node.planned.id(), "")
                                .length()))
                .map(node -> node.planned.name());
    }

    /** All tests, and the containers that did not pass; sorted by id. */
    List<TestResult> tests() {
        List<TestResult> tests = new ArrayList<>();
        nodes.forEach((id, node) -> {
            boolean failedContainer = node.finished != null && node.finished.status() != Status.PASSED;
            if (node.planned.test() || failedContainer) {
                tests.add(result(id, node));
            }
        });
        tests.sort(Comparator.comparing(TestResult::id));
        return tests;
    }

    private TestResult result(String id, Node node) {
        String name = Objects.requireNonNullElse(node.planned.name(), id);
        CellEvent end = node.finished;
        if (end != null && end.status() != null) {
            return new TestResult(
                    id,
                    name,
                    Outcome.valueOf(end.status().name().toUpperCase(Locale.ROOT)),
                    Objects.requireNonNullElse(end.message(), ""),
                    Objects.requireNonNullElse(end.trace(), ""),
                    end.throwable(),
                    end.seconds());
        }
        if (node.started) {
            return new TestResult(id, name, Outcome.UNFINISHED, "the JVM ended while it ran", "", null, 0);
        }
        return unstarted(id, name, node);
    }

    /** What skips or fails a class does so for its tests, of which nothing is told. */
    private TestResult unstarted(String id, String name, Node node) {
        for (Node above = parent(node); above != null; above = parent(above)) {
            CellEvent end = above.finished;
            if (end != null && end.status() != null && end.status() != Status.PASSED) {
                Outcome outcome = end.status() == Status.FAILED
                        ? Outcome.NOT_RUN
                        : Outcome.valueOf(end.status().name());
                return new TestResult(id, name, outcome, Objects.requireNonNullElse(end.message(), ""), "", null, 0);
            }
        }
        return new TestResult(id, name, Outcome.NOT_RUN, "the JVM ended before it began", "", null, 0);
    }

    private @Nullable Node parent(Node node) {
        return node.planned.parent() == null ? null : nodes.get(node.planned.parent());
    }
}
