package io.modelassay.matrix;

import io.modelassay.matrix.CellEvent.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.UniqueId.Segment;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Writes each event with one call of the system before the tests go on, so that nothing is lost when the JVM dies. */
final class CellListener implements TestExecutionListener, AutoCloseable {
    private static final Set<String> VARIANTS =
            Set.of("test-template-invocation", "class-template-invocation", "dynamic-test", "dynamic-container");

    private final FileChannel events;
    private final Map<String, Long> started = new HashMap<>();
    private @Nullable TestPlan plan;
    private long lines;

    CellListener(Path file) throws IOException {
        events = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        write(CellEvent.runStarted(
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")"));
    }

    @Override
    public void testPlanExecutionStarted(TestPlan started) {
        plan = started;
        for (TestIdentifier root : started.getRoots()) {
            planned(root);
            started.getDescendants(root).forEach(this::planned);
        }
    }

    @Override
    public void dynamicTestRegistered(TestIdentifier identifier) {
        planned(identifier);
    }

    @Override
    public synchronized void executionStarted(TestIdentifier identifier) {
        started.put(identifier.getUniqueId(), System.nanoTime());
        write(CellEvent.started(identifier.getUniqueId()));
    }

    @Override
    public void executionSkipped(TestIdentifier identifier, String reason) {
        write(CellEvent.skipped(identifier.getUniqueId(), reason));
    }

    @Override
    public synchronized void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
        Long since = started.remove(identifier.getUniqueId());
        write(CellEvent.finished(
                identifier.getUniqueId(),
                switch (result.getStatus()) {
                    case SUCCESSFUL -> Status.PASSED;
                    case ABORTED -> Status.ABORTED;
                    case FAILED -> Status.FAILED;
                },
                result.getThrowable().orElse(null),
                since == null ? 0 : (System.nanoTime() - since) / 1e9));
    }

    synchronized void runFinished() {
        write(CellEvent.runFinished(lines));
    }

    private void planned(TestIdentifier identifier) {
        write(CellEvent.planned(
                identifier.getUniqueId(),
                identifier.getParentId().orElse(null),
                name(identifier),
                identifier.isTest()));
    }

    /** {@code package.Class.method [variant]}; for other engines' tests the names that they display. */
    private String name(TestIdentifier identifier) {
        Deque<String> variants = new ArrayDeque<>();
        String place = null;
        for (TestIdentifier at = identifier; place == null && at != null; at = parent(at)) {
            Segment segment = at.getUniqueIdObject().getLastSegment();
            if (VARIANTS.contains(segment.getType())) {
                variants.addFirst(" [" + at.getDisplayName() + "]");
            } else {
                place = at.getSource().flatMap(CellListener::place).orElse(at.getDisplayName());
            }
        }
        // Variants of a whole class stand above the method in the tree.
        for (TestIdentifier at = parent(identifier); at != null && variants.isEmpty(); at = parent(at)) {
            if (at.getUniqueIdObject().getLastSegment().getType().equals("class-template-invocation")) {
                variants.addFirst(" [" + at.getDisplayName() + "]");
            }
        }
        return place + String.join("", variants);
    }

    private @Nullable TestIdentifier parent(TestIdentifier identifier) {
        return plan == null ? null : plan.getParent(identifier).orElse(null);
    }

    private static Optional<String> place(TestSource source) {
        if (source instanceof MethodSource method) {
            return Optional.of(method.getClassName() + "." + method.getMethodName());
        }
        return source instanceof ClassSource type ? Optional.of(type.getClassName()) : Optional.empty();
    }

    private synchronized void write(CellEvent event) {
        ByteBuffer line = ByteBuffer.wrap(event.line().getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                events.write(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The events of the cell cannot be written", e);
        }
        lines++;
    }

    @Override
    public void close() throws IOException {
        events.close();
    }
}
