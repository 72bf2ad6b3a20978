package io.modelassay.junit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.modelassay.ModelUnderTest;
import io.modelassay.report.RunReport;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;

/** Runs sample classes with Jupiter inside a test, with a report of their own, and collects what they were given. */
final class Kit {
    /** What the samples saw: {@code place = model's name}. */
    static final Queue<String> SEEN = new ConcurrentLinkedQueue<>();

    /** Every model that the samples were given, in that order. */
    static final Queue<ModelUnderTest> MODELS = new ConcurrentLinkedQueue<>();

    private static final ByteArrayOutputStream OUTPUT = new ByteArrayOutputStream();

    private Kit() {}

    /** What the last run printed. */
    static String output() {
        return OUTPUT.toString(StandardCharsets.UTF_8);
    }

    /** For samples. */
    static void saw(String place, ModelUnderTest model) {
        SEEN.add(place + " = " + model.name());
        MODELS.add(model);
    }

    static EngineExecutionResults run(Path report, Class<?>... samples) {
        return run(report, Map.of(), samples);
    }

    static EngineExecutionResults run(Path report, Map<String, String> parameters, Class<?>... samples) {
        return quietly(() -> {
            EngineTestKit.Builder kit = EngineTestKit.engine("junit-jupiter")
                    .configurationParameter(RunReport.FOLDER_PROPERTY, report.toString())
                    .configurationParameter("junit.jupiter.testmethod.order.default", ORDER);
            parameters.forEach(kit::configurationParameter);
            Arrays.stream(samples).forEach(sample -> kit.selectors(selectClass(sample)));
            return kit.execute();
        });
    }

    /** One execution a sample, all in one launcher session. */
    static void session(Path report, Class<?>... samples) {
        quietly(() -> {
            try (LauncherSession session = LauncherFactory.openSession()) {
                for (Class<?> sample : samples) {
                    session.getLauncher()
                            .execute(LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(sample))
                                    .configurationParameter(RunReport.FOLDER_PROPERTY, report.toString())
                                    .build());
                }
            }
            return samples.length;
        });
    }

    /** The run's summary would read like one of the build. */
    private static <T> T quietly(Supplier<T> run) {
        SEEN.clear();
        MODELS.clear();
        PrintStream out = System.out;
        OUTPUT.reset();
        System.setOut(new PrintStream(OUTPUT, true, StandardCharsets.UTF_8));
        try {
            return run.get();
        } finally {
            System.setOut(out);
        }
    }

    private static final String ORDER = "org.junit.jupiter.api.MethodOrderer$MethodName";

    /** The failures' own causes, below what Jupiter wraps around them, in order. */
    static List<Throwable> failures(Events events) {
        return events.failed().stream()
                .map(event -> event.getRequiredPayload(TestExecutionResult.class))
                .map(result -> result.getThrowable().orElseThrow())
                .map(failure -> failure.getCause() != null
                                && failure.getClass().getName().startsWith("org.junit.jupiter.")
                        ? failure.getCause()
                        : failure)
                .toList();
    }

    /** The only failure. */
    static Throwable failure(EngineExecutionResults results) {
        List<Throwable> failures = failures(results.allEvents());
        if (failures.size() != 1) {
            throw new AssertionError("Expecting one failure, but there were " + failures);
        }
        return failures.get(0);
    }

    /** Why something was skipped. */
    static List<String> skipped(EngineExecutionResults results) {
        return results.allEvents().skipped().stream()
                .map(event -> event.getRequiredPayload(String.class))
                .toList();
    }

    /** Display names of the tests that ended, in order. */
    static List<String> finished(EngineExecutionResults results) {
        return results.testEvents().finished().stream()
                .map(Event::getTestDescriptor)
                .map(descriptor -> descriptor.getDisplayName())
                .toList();
    }
}
