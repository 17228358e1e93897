"""What other tuners change of lltool's settings, and the setting that stops each."""

from __future__ import annotations

OTHER_TUNERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "tuned": ("service.tuned", ("cpu.*", "irq.*", "sysctl.*", "isolation.*", "memory.thp_*")),
    "irqbalance": ("service.irqbalance", ("irq.*",)),
    "cpupower": ("service.cpupower", ("cpu.governor", "cpu.scaling_min_freq", "cpu.energy_perf_bias")),
    "tlp": ("service.tlp", ("cpu.*",)),
    "power-profiles-daemon": (
        "service.power_profiles_daemon",
        ("cpu.energy_performance_preference", "cpu.platform_profile"),
    ),
    "auto-cpufreq": ("service.auto_cpufreq", ("cpu.governor", "cpu.turbo")),
    "ksmtuned": ("service.ksmtuned", ("memory.ksm_run",)),
    "numad": ("service.numad", ("sysctl.kernel.numa_balancing",)),
}
"""By the name of :mod:`lltool.host.tuners`: the setting that stops it, and patterns of the settings that it changes."""
