package io.modelassay.matrix;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.OptionalLong;

/** Memory of processes as Linux tells it: what is anonymous or shared, not mapped files, which can be dropped at any time. */
final class ResidentMemory {
    private ResidentMemory() {}

    /** Bytes of all of them together; empty where the platform does not tell. */
    static OptionalLong of(Collection<ProcessHandle> processes) {
        long sum = 0;
        boolean known = false;
        for (ProcessHandle process : processes) {
            OptionalLong bytes = of(process.pid());
            known |= bytes.isPresent();
            sum += bytes.orElse(0);
        }
        return known ? OptionalLong.of(sum) : OptionalLong.empty();
    }

    private static OptionalLong of(long pid) {
        try {
            long kilobytes = 0;
            boolean known = false;
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
                if (line.startsWith("RssAnon:") || line.startsWith("RssShmem:")) {
                    kilobytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
                    known = true;
                }
            }
            return known ? OptionalLong.of(kilobytes << 10) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Bytes that new processes can have without swapping, as Linux tells it; elsewhere what is installed. */
    static long available() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
                if (line.startsWith("MemAvailable:")) {
                    return Math.min(installed(), Long.parseLong(line.replaceAll("[^0-9]", "")) << 10);
                }
            }
        } catch (IOException e) {
            // no Linux
        }
        return installed();
    }

    /** Of the machine, or of the container. */
    private static long installed() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
    }
}
