"""Interrupts and the network interfaces that they belong to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lltool.host.interrupts import parse_interrupts, read_interrupts
from lltool.host.nics import Nic, physical_names, read_nics
from lltool.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Recording, Tree

PCI = "/sys/devices/pci0000:00/0000:00:03.0"

INTERRUPTS = """\
           CPU0       CPU1
  4:          7          0   IO-APIC   4-edge      ttyS0
 30:          1          2  IR-PCI-MSIX-0000:00:03.0    0-edge      eth0
 31:        100          0  IR-PCI-MSIX-0000:00:03.0    1-edge      eth0-TxRx-0
 32:          0        200  IR-PCI-MSIX-0000:00:03.0    2-edge      eth0-TxRx-1
 33:          0          0   PCI-MSI   5-edge
 34:          3          4     GICv3  27 Level     arch_timer
 35:          5          6   IO-APIC-fasteoi   uhci_hcd:usb1, nvme0q1
LOC:       1000       2000   Local timer interrupts
ERR:          9
"""


def nics_of(root: Root) -> dict[str, Nic]:
    return {nic.name: nic for nic in read_nics(root, read_interrupts(root))}


def ethernet(vectors: str = "", **files: str) -> Tree:
    """An interface with a PCI device; ``vectors`` is the list of its MSI vectors."""
    tree: Tree = {
        f"{PCI}/net/eth0/device": "->../../../0000:00:03.0",
        f"{PCI}/net/eth0/queues/rx-0": None,
        f"{PCI}/net/eth0/queues/rx-1": None,
        f"{PCI}/net/eth0/queues/tx-0": None,
        f"{PCI}/driver": "->../../../bus/pci/drivers/igb",
        "/sys/class/net/eth0": "->../../devices/pci0000:00/0000:00:03.0/net/eth0",
    }
    tree.update({f"{PCI}/msi_irqs/{vector}": "msix\n" for vector in vectors.split()})
    tree.update({f"{PCI}/{name}": text for name, text in files.items()})
    return tree


def test_rows_of_proc_interrupts(tree: Callable[[Tree], Root]) -> None:
    interrupts = read_interrupts(tree({"/proc/interrupts": INTERRUPTS, "/proc/irq/default_smp_affinity": "3\n"}))
    assert interrupts.cpus == (0, 1)
    assert {line.number: line.name for line in interrupts.lines} == {
        4: "ttyS0",
        30: "eth0",
        31: "eth0-TxRx-0",
        32: "eth0-TxRx-1",
        33: "",
        34: "arch_timer",
        35: "uhci_hcd:usb1, nvme0q1",
    }
    assert interrupts.lines[1].counts == (1, 2)
    assert interrupts.vectors == {"LOC": (1000, 2000), "ERR": (9,)}
    assert interrupts.default_affinity == (0, 1)


def test_columns_name_the_online_cpus() -> None:
    cpus, rows = parse_interrupts("       CPU0  CPU2\n 1:  5  6  chip  x\n")
    assert cpus == (0, 2)
    assert rows == (("1", (5, 6), "chip  x"),)


@pytest.mark.parametrize("text", ["", "\n", "no header\n1: 2\n", "  CPU0\nx\n:\n 1: \n 2: a b\n"])
def test_garbled_interrupts_raise_nothing(text: str) -> None:
    parse_interrupts(text)


def test_affinity_and_its_effect(tree: Callable[[Tree], Root]) -> None:
    irq = "/proc/irq/31"
    root = tree(
        {
            "/proc/interrupts": INTERRUPTS,
            f"{irq}/smp_affinity_list": "0-1\n",
            f"{irq}/effective_affinity_list": "1\n",
            "/sys/kernel/irq/31/actions": "eth0-TxRx-0\n",
        }
    )
    line = next(line for line in read_interrupts(root).lines if line.number == 31)
    assert (line.affinity, line.effective, line.is_managed) == ((0, 1), (1,), False)
    os.chmod(root.path(f"{irq}/smp_affinity_list"), 0o444)
    line = next(line for line in read_interrupts(root).lines if line.number == 31)
    assert line.is_managed


def test_msi_vectors_without_the_one_for_link_changes(tree: Callable[[Tree], Root]) -> None:
    nic = nics_of(tree({"/proc/interrupts": INTERRUPTS, **ethernet("30 31 32", numa_node="1\n")}))["eth0"]
    assert (nic.irqs, nic.control_irqs) == ((31, 32), (30,))
    assert nic.irq_source == f"{PCI}/msi_irqs"
    assert (nic.driver, nic.bus_address, nic.node) == ("igb", "0000:00:03.0", 1)
    assert (nic.rx_queues, nic.tx_queues) == (2, 1)


def test_a_single_vector_with_the_bare_name_carries_packets(tree: Callable[[Tree], Root]) -> None:
    nic = nics_of(tree({"/proc/interrupts": INTERRUPTS, **ethernet("30")}))["eth0"]
    assert (nic.irqs, nic.control_irqs) == ((30,), ())


def test_the_legacy_interrupt(tree: Callable[[Tree], Root]) -> None:
    nic = nics_of(tree(ethernet(irq="34\n", numa_node="-1\n")))["eth0"]
    assert (nic.irqs, nic.irq_source, nic.node) == ((34,), f"{PCI}/irq", None)


def test_names_are_the_last_resort(tree: Callable[[Tree], Root]) -> None:
    text = INTERRUPTS + " 40:   0   0   xen-dyn   -event     eth0-q0-tx\n 41:   0   0   xen-dyn   -event     eth01\n"
    nic = nics_of(tree({"/proc/interrupts": text, **ethernet()}))["eth0"]
    assert nic.irqs == (31, 32, 40)
    assert nic.irq_source == "names in /proc/interrupts"


def test_virtio_interrupts_lie_with_the_parent(tree: Callable[[Tree], Root]) -> None:
    text = """\
           CPU0
 37:          0 PCI-MSIX-0000:00:03.0   0-edge      virtio2-config
 38:        527 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
 39:        392 PCI-MSIX-0000:00:03.0   2-edge      virtio2-output.0
"""
    files: Tree = {
        "/proc/interrupts": text,
        f"{PCI}/virtio2/net/eth0/device": "->../../../virtio2",
        f"{PCI}/virtio2/net/eth0/operstate": "up\n",
        f"{PCI}/virtio2/net/eth0/speed": "-1\n",
        f"{PCI}/virtio2/modalias": "virtio:d00000001v00001AF4\n",
        f"{PCI}/virtio2/driver": "->../../../../bus/virtio/drivers/virtio_net",
        f"{PCI}/numa_node": "0\n",
        **{f"{PCI}/msi_irqs/{vector}": "msix\n" for vector in (37, 38, 39)},
        "/sys/class/net/eth0": "->../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0",
    }
    nic = nics_of(tree(files))["eth0"]
    assert (nic.irqs, nic.control_irqs) == ((38, 39), (37,))
    assert (nic.driver, nic.bus_address, nic.node) == ("virtio_net", "0000:00:03.0", 0)
    assert nic.is_up
    assert nic.speed_mbps is None


@pytest.mark.parametrize(
    "control",
    [
        "mlx5_async0@pci:0000:81:00.0",
        "mlx5_pages_eq@pci:0000:81:00.0",
        "ena-mgmnt@pci:0000:00:05.0",
        "i40e-0000:81:00.0:misc",
        "ice-0000:81:00.0:misc",
        "eth0-fdir-0",
        "virtio0-control",
        "virtio0-config",
    ],
)
def test_vectors_that_carry_no_packets(tree: Callable[[Tree], Root], control: str) -> None:
    text = f"   CPU0\n 50:  1  PCI-MSIX  0-edge      {control}\n 51:  1  PCI-MSIX  1-edge      mlx5_comp0@pci:81:00.0\n"
    nic = nics_of(tree({"/proc/interrupts": text, **ethernet("50 51")}))["eth0"]
    assert (nic.irqs, nic.control_irqs) == ((51,), (50,))


def test_interfaces_without_hardware_are_left_out(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {
        **ethernet("31"),
        "/sys/class/net/lo/operstate": "unknown\n",
        "/sys/class/net/bond0/lower_eth0": "->../eth0",
        "/sys/class/net/bonding_masters": "bond0\n",
    }
    assert list(nics_of(tree(files))) == ["eth0"]


def test_bonds_and_vlans_are_followed_to_the_hardware(tree: Callable[[Tree], Root]) -> None:
    net = "/sys/class/net"
    files: Tree = {
        **ethernet("31"),
        f"{PCI}/net/eth0/master": "->../../../../virtual/net/bond0",
        f"{net}/bond0/lower_eth0": "->../eth0",
        f"{net}/bond0/lower_bond0.7": "->../bond0.7",
        f"{net}/bond0.7/lower_bond0": "->../bond0",
        f"{net}/old/bonding/slaves": "eth0 gone\n",
        f"{net}/lo/operstate": "unknown\n",
    }
    root = tree(files)
    assert physical_names(root, "bond0.7") == ("eth0",)
    assert physical_names(root, "eth0") == ("eth0",)
    assert physical_names(root, "old") == ("eth0",)
    assert physical_names(root, "lo") == physical_names(root, "absent") == ()
    assert nics_of(root)["eth0"].master == "bond0"


def test_interfaces_of_a_recorded_server(recorded: Callable[[str], Recording]) -> None:
    nics = nics_of(recorded("hwloc-40intel64-2g2n4c+pcilocality").root)
    assert list(nics) == ["eth0", "eth1", "eth2", "eth3", "ib0"]
    assert (nics["eth0"].driver, nics["eth0"].speed_mbps, nics["eth0"].irqs) == ("bnx2", 1000, (34,))
    assert (nics["eth0"].rx_queues, nics["eth0"].node) == (8, None)
    assert (nics["ib0"].node, nics["ib0"].is_up, nics["eth1"].is_up) == (2, True, False)


@pytest.mark.skipif(not os.path.exists("/sys/class/net/lo"), reason="needs a live /sys/class/net")
def test_interfaces_of_this_machine_are_those_with_a_device() -> None:
    root = Root()
    for name, nic in nics_of(root).items():
        assert os.path.exists(f"/sys/class/net/{name}/device")
        assert nic.rx_queues + nic.tx_queues > 0
