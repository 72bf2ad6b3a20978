package io.modelassay.matrix;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A cell's JVM: started, watched for its time and memory, and ended with all that it has started. */
final class CellProcess {
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final int LOOKS_PER_SEARCH = 20;
    private static final Duration FOR_THREAD_DUMP = Duration.ofSeconds(2);
    private static final Duration FOR_OUTPUT = Duration.ofSeconds(5);

    private final Process process;
    private final long started = System.nanoTime();
    private final Set<ProcessHandle> family = new LinkedHashSet<>();
    private long peak = -1;

    private CellProcess(Process process) {
        this.process = process;
        family.add(process.toHandle());
    }

    /** Why a JVM has ended. */
    enum Reason {
        EXIT,
        TIME,
        MEMORY
    }

    /**
     * The end of a JVM.
     *
     * @param peakBytes most memory seen; {@code null} where the platform does not tell
     */
    record End(
            Reason reason,
            int exitCode,
            double seconds,
            @Nullable Long peakBytes,
            List<String> notes) {}

    /**
     * Runs a cell to its end.
     *
     * @param folder takes all that it leaves
     * @param environment is added to this JVM's own
     * @throws IOException if the JVM cannot be started
     */
    static End run(Cell cell, ResolvedClassPath classPath, Path folder, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path request = folder.resolve("request.properties");
        new CellRequest(
                        folder.resolve(CellFolder.EVENTS),
                        classPath.testClasses(),
                        cell.suite().selected(),
                        cell.suite().includedTags(),
                        cell.suite().excludedTags(),
                        cell.settings().configuration())
                .write(request);
        JavaHome java = JavaHome.of(cell.stack());
        Path arguments = folder.resolve("java.args");
        Files.write(arguments, arguments(cell, java, classPath, folder, request), StandardCharsets.UTF_8);
        ProcessBuilder builder = new ProcessBuilder(java.command().toString(), "@" + arguments)
                .directory(cell.suite().folder().toFile());
        // Arguments of another JVM's, which would change this one's.
        builder.environment().remove("JDK_JAVA_OPTIONS");
        builder.environment().putAll(environment);
        Process process = builder.start();
        CellOutput out = new CellOutput("stdout", process.getInputStream(), folder.resolve(CellFolder.STDOUT));
        CellOutput err = new CellOutput("stderr", process.getErrorStream(), folder.resolve(CellFolder.STDERR));
        List<Thread> readers = Stream.of(out, err).map(CellProcess::start).toList();
        CellProcess cellProcess = new CellProcess(process);
        try {
            Reason reason = cellProcess.watch(cell.settings());
            return new End(
                    reason,
                    process.waitFor(),
                    (System.nanoTime() - cellProcess.started) / 1e9,
                    cellProcess.peak < 0 ? null : cellProcess.peak,
                    Stream.concat(out.notes().stream(), err.notes().stream()).toList());
        } finally {
            cellProcess.end(readers);
        }
    }

    private static List<String> arguments(
            Cell cell, JavaHome java, ResolvedClassPath classPath, Path folder, Path request) {
        List<String> arguments = new ArrayList<>();
        arguments.add("-Xmx" + cell.settings().heapBytes());
        arguments.add("-XX:+ExitOnOutOfMemoryError");
        arguments.add("-XX:ErrorFile=" + folder.resolve("hs_err.log"));
        arguments.add("-XX:-CreateCoredumpOnCrash");
        if (java.knowsNativeAccess()) {
            arguments.add("--enable-native-access=ALL-UNNAMED");
        }
        Map<String, String> properties = new TreeMap<>();
        properties.put("basedir", cell.suite().folder().toString());
        properties.put("modelassay.report", folder.resolve("report").toString());
        properties.put("modelassay.figures", folder.resolve(CellFolder.FIGURES).toString());
        properties.forEach((key, value) -> arguments.add("-D" + key + "=" + value));
        arguments.addAll(cell.settings().jvmArguments());
        arguments.add("-cp");
        arguments.add(classPath.entries().stream()
                .map(Path::toString)
                .collect(Collectors.joining(System.getProperty("path.separator"))));
        arguments.add(CellMain.class.getName());
        arguments.add(request.toString());
        return arguments.stream()
                .map(argument -> "\"" + argument.replace("\\", "\\\\").replace("\"", "\\\"") + "\"")
                .toList();
    }

    private static Thread start(CellOutput output) {
        Thread thread = new Thread(output, "modelassay-cell-output");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private Reason watch(CellSettings settings) throws InterruptedException {
        try {
            OutputStream in = process.getOutputStream();
            in.write('\n');
            in.flush();
        } catch (IOException e) {
            // It has ended already; its exit code tells why.
        }
        for (int look = 1; !process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS); look++) {
            if (look % LOOKS_PER_SEARCH == 1) {
                process.descendants().forEach(family::add);
            }
            peak = Math.max(peak, ResidentMemory.of(family).orElse(-1));
            if (peak > settings.memoryBytes()) {
                destroy();
                return Reason.MEMORY;
            }
            if (System.nanoTime() - started > settings.timeout().toNanos()) {
                dumpThreads();
                destroy();
                return Reason.TIME;
            }
        }
        return Reason.EXIT;
    }

    /** A JVM writes its threads to standard output on SIGQUIT, which Java has no call for. */
    private void dumpThreads() throws InterruptedException {
        try {
            new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid()))
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
            process.waitFor(FOR_THREAD_DUMP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (IOException e) {
            // No such command: no thread dump.
        }
    }

    private void destroy() {
        process.descendants().forEach(family::add);
        family.forEach(ProcessHandle::destroyForcibly);
    }

    private void end(List<Thread> readers) throws InterruptedException {
        destroy();
        for (Thread reader : readers) {
            reader.join(FOR_OUTPUT.toMillis());
        }
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // Its other end is gone.
        }
    }
}
